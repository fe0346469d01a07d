import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'slonik';
import { z } from 'zod';
import { getConnection } from '../../src/postgres/connection.ts';
import { enqueueMany, enqueueWithReservation } from '../../src/tasks/enqueue.ts';
import { loadTaskTypes } from '../../src/tasks/task-registry.ts';
import { PulpWorker } from '../../src/workers/pulp-worker.ts';
import { contention } from './contention.ts';
import { enqueueingBeside } from './enqueue-beside.ts';
import { fleet } from './fleet.ts';
import { follow } from './follow.ts';
import { retention } from './retention.ts';
import type { Scenario } from './scenario.ts';
import { median } from './statistics.ts';
import { inlineNoop } from './tasks.ts';
import { verification } from './verify.ts';
import { why } from './why.ts';
import { payloadBatches, runs } from './workload.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** From the commit of an enqueue to the start of the task, by the database's clock, on an idle system. */
export const latency: Scenario = {
  name: 'latency',
  measure: async () => {
    await using _ = await onlineWorker(10);
    const measured = async (resources: readonly string[]) => {
      const times: number[] = [];
      for (let number = 0; number < 200; number += 1) {
        const task = await (
          await enqueueWithReservation(inlineNoop, resources, { kwargs: { number } })
        ).wait();
        times.push((task.started_at?.getTime() ?? Infinity) - task.enqueued_at.getTime());
        await pause(10); // until all is idle again
      }
      return median(times);
    };
    return [
      { name: 'enqueue to start, idle', value: await measured([]), unit: 'ms', target: { atMost: 10 } },
      {
        name: 'enqueue to start, idle, one resource',
        value: await measured(['/bench/']),
        unit: 'ms',
        target: { atMost: 15 },
      },
    ];
  },
};

/** How fast one resource passes from task to task. */
export const hotResource: Scenario = {
  name: 'hot-resource',
  measure: async () => {
    await using _ = await onlineWorker(10);
    const count = 500;
    const handles = await enqueueMany(
      Array.from({ length: count }, (_, number) => ({
        task: inlineNoop,
        resources: ['/bench/hot/'],
        kwargs: { number },
      })),
    );
    await handles.at(-1)?.wait();
    const pool = await getConnection();
    const seconds = await pool.oneFirst(
      sql.type(z.object({ seconds: z.number() }))`
        select extract(epoch from max(finished_at) - min(started_at))::double precision from pulp.task`,
    );
    return [
      { name: 'hand-off of one hot resource', value: count / seconds, unit: '/s', target: { atLeast: 200 } },
    ];
  },
};

/** Enqueueing in batches of 1,000 by two callers at once. */
export const enqueueing: Scenario = {
  name: 'enqueue',
  measure: async () => {
    const count = 40_000;
    const started = performance.now();
    await enqueueBacklog(count, () => []);
    const rate = count / ((performance.now() - started) / 1000);
    return [
      {
        name: 'enqueue in batches of 1,000, two callers',
        value: rate,
        unit: '/s',
        target: { atLeast: 20_000 },
      },
    ];
  },
};

/**
 * What a backlog costs: the rate at which tasks on ten resources are granted and run while few wait for these resources,
 * and while very many do.
 */
export const backlog: Scenario = {
  name: 'backlog',
  measure: async ({ backlog: large, settle }) => {
    await settle();
    const small = await grantAndRunRate(2000);
    await enqueueBacklog(large, onTenResources);
    await settle();
    const withBacklog = await grantAndRunRate(2000);
    return [
      {
        name: 'grant and run on ten resources, 2,000 waiting',
        value: small,
        unit: '/s',
        target: { atLeast: 200 },
      },
      {
        name: `the same, behind ${large.toLocaleString('en')} waiting`,
        value: withBacklog / small,
        unit: '×',
        target: { atLeast: 0.8 },
      },
    ];
  },
};

/** What an idle worker, with the resource manager in it, asks of the database, by the server's count. */
export const idle: Scenario = {
  name: 'idle',
  measure: async () => {
    await using _ = await onlineWorker(10);
    const pool = await getConnection();
    const transactions = () =>
      pool.oneFirst(
        sql.type(z.object({ count: z.number() }))`
          select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`,
      );
    await pause(15_000); // sessions tell the server's statistics with a delay of some seconds
    const before = await transactions();
    await pause(30_000);
    const value = ((await transactions()) - before) * 2;
    return [{ name: 'queries of an idle worker', value, unit: '/min', target: { atMost: 200 } }];
  },
};

export const SCENARIOS: readonly Scenario[] = [
  latency,
  hotResource,
  enqueueing,
  enqueueingBeside,
  idle,
  backlog,
  why,
  contention,
  follow,
  verification,
  retention,
  fleet,
];

/** The rate at which tasks on ten resources are granted and run, over `count` of them, once the first has run. */
async function grantAndRunRate(count: number): Promise<number> {
  await enqueueBacklog(count + 10, onTenResources);
  runs.reset();
  const firstAndLast = Promise.all([runs.reached(1), runs.reached(count)]);
  await using _ = await onlineWorker(100);
  const [first, last] = await firstAndLast;
  return count / ((last - first) / 1000);
}

function onTenResources(number: number): readonly string[] {
  return [`/bench/${number % 10}/`];
}

async function enqueueBacklog(
  count: number,
  resources: (number: number) => readonly string[],
): Promise<void> {
  const batches = payloadBatches(count);
  const caller = async () => {
    for (const payloads of batches) {
      await enqueueMany(
        payloads.map((kwargs) => ({ task: inlineNoop, kwargs, resources: resources(kwargs.number) })),
      );
    }
  };
  await Promise.all([caller(), caller()]);
}

async function onlineWorker(concurrency: number): Promise<AsyncDisposable> {
  const registry = await loadTaskTypes(TASKS_FILE);
  const worker = await PulpWorker.create({ registry, tasksFile: TASKS_FILE, name: 'bench', concurrency });
  const online = Promise.withResolvers<void>();
  const life = worker.run({ onOnline: online.resolve });
  await online.promise;
  return {
    [Symbol.asyncDispose]: async () => {
      worker.stop();
      await life;
    },
  };
}
