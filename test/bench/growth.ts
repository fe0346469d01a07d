/**
 * How the engine fares as its history grows: `node test/bench/growth.ts [--tasks N] [--step N] [--snapshot SECONDS]`.
 *
 * Tasks are enqueued and drained inline step by step, the log and all tasks kept, with autovacuum as it is; each step tells its rates. With
 * --snapshot, a foreign transaction that has seen something stays open so long, from the second step on. At the end, what people
 * ask of a database that large is timed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { closeConnection, getConnection } from '../../src/postgres/connection.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { sql } from '../../src/postgres/sql.ts';
import { listTasks, type TaskSelection } from '../../src/queries/task.ts';
import { countTasksByState } from '../../src/queries/task-counts.ts';
import { enqueueMany } from '../../src/tasks/enqueue.ts';
import { loadTaskTypes } from '../../src/tasks/task-registry.ts';
import { PulpWorker } from '../../src/workers/pulp-worker.ts';
import { openBenchServer } from './server.ts';
import { inlineNoop } from './tasks.ts';
import { payloadBatches } from './workload.ts';

const TASKS_FILE = new URL('./tasks.ts', import.meta.url).pathname;
const WORKERS = 2;
const CONCURRENCY = 500;

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '10000000' },
    step: { type: 'string', default: '100000' },
    snapshot: { type: 'string', default: '0' },
  },
});
const [tasks, step, snapshotSeconds] = [values.tasks, values.step, values.snapshot].map(Number) as [
  number,
  number,
  number,
];

await using server = await openBenchServer();
const database = await server.createDatabase();
process.env['DATABASE_URL'] = database.url;
await migrate(database.url);
const pool = await getConnection();
const registry = await loadTaskTypes(TASKS_FILE);
const workers = await Promise.all(
  Array.from({ length: WORKERS }, (_, index) =>
    PulpWorker.create({ registry, tasksFile: TASKS_FILE, concurrency: CONCURRENCY, name: `growth-${index}` }),
  ),
);
const lives = workers.map((worker) => worker.run());
console.log(
  `${server.description}\n${'tasks'.padStart(10)}  ${'enqueued/s'.padStart(10)}  ${'both/s'.padStart(8)}`,
);

let holder: pg.Client | undefined;
let heldUntil = 0;
for (let done = 0; done < tasks; done += step) {
  if (snapshotSeconds > 0 && done === step) {
    holder = new pg.Client(database.url);
    await holder.connect();
    await holder.query('begin isolation level repeatable read; select count(*) from pulp.worker');
    heldUntil = performance.now() + snapshotSeconds * 1000;
  }
  if (holder !== undefined && performance.now() > heldUntil) {
    await holder.end();
    holder = undefined;
    console.log('the foreign snapshot is gone');
  }
  const began = performance.now();
  for (const payloads of payloadBatches(step)) {
    await enqueueMany(payloads.map((kwargs) => ({ kwargs, task: inlineNoop })));
  }
  const enqueued = performance.now();
  while (await isBusy()) await pause(10);
  const seconds = (performance.now() - began) / 1000;
  const rate = (count: number) => String(Math.round(count));
  console.log(
    `${String(done + step).padStart(10)}  ${rate(step / ((enqueued - began) / 1000)).padStart(10)}  ${rate(step / seconds).padStart(8)}${holder === undefined ? '' : '  beside a foreign snapshot'}`,
  );
}
await holder?.end();

const questions: Readonly<Record<string, TaskSelection>> = {
  newest: { limit: 50 },
  completed: { state: 'completed', limit: 50 },
  waiting: { state: 'waiting', limit: 50 },
  running: { state: 'running', limit: 50 },
  failed: { state: 'failed', limit: 50 },
  'name that is common': { name: inlineNoop.name, limit: 50 },
  'name that is not there': { name: 'nobody', limit: 50 },
  'name contains': { nameContains: 'nobo', limit: 50 },
  'queue that is not there': { queue: 'nobody', limit: 50 },
  group: { group: 'nobody', limit: 50 },
  correlation: { correlation: 'nobody', limit: 50 },
  resource: { resource: '/nobody/', limit: 50 },
  'error code': { errorCode: 'NOBODY', limit: 50 },
  'the last hour': { since: new Date(Date.now() - 3_600_000), limit: 50 },
};
for (const [question, selection] of Object.entries(questions))
  await time(question, () => listTasks(selection));
await time('counts by state', () => countTasksByState());
const sizes = await pool.one(sql.type(z.object({ per_task: z.number() }))`
  select (pg_database_size(current_database()) / ${tasks})::float8 as per_task`);
console.log(`${Math.round(sizes.per_task)} bytes a task, with its history and all indexes`);

for (const worker of workers) worker.stop();
await Promise.all(lives);
await closeConnection();
await database[Symbol.asyncDispose]();

function isBusy(): Promise<boolean> {
  return pool.oneFirst(
    sql.type(z.object({ busy: z.boolean() }))`
      select exists (select from pulp.task_counts() where state in ('waiting', 'running')) as busy`,
  );
}

/** The median of five. */
async function time(what: string, ask: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  console.log(`${what}: ${(times[2] ?? NaN).toFixed(1)} ms`);
}
