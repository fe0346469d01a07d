import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { pino } from 'pino';
import { sql } from 'slonik';
import { z } from 'zod';
import { SharedClient } from '../../src/postgres/shared-client.ts';
import { ResourceManager } from '../../src/leader/resource-manager.ts';
import { closeConnection, getConnection } from '../../src/postgres/connection.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import type { TaskType } from '../../src/tasks/define-task.ts';
import { enqueueMany } from '../../src/tasks/enqueue.ts';
import { setCapacity } from '../../src/tasks/resource-limits.ts';
import { loadTaskTypes } from '../../src/tasks/task-registry.ts';
import { PulpWorker } from '../../src/workers/pulp-worker.ts';
import type { Contestant, Entry } from './contestant.ts';
import { horseNoop, inlineNoop } from './tasks.ts';
import { payloadBatches, runs } from './workload.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** A resource with a capacity. */
const POOL = '/bench/pool/';

interface Variant {
  readonly name: string;
  readonly settings: string;
  readonly share: number;
  readonly task: TaskType;
  readonly workers: number;
  readonly concurrency: number;
  /** How many tasks have run before the others come: then the workers are up, and their horses warm. */
  readonly warmUp?: number;
  /** Each task claims one of so many resources exclusively; 0: none. */
  readonly resources: number;
  /** Each claims a unit of one resource, which has so many. */
  readonly capacity?: number;
}

/** Ours, at full history: every event and every task stays. */
export function pulpTasking(variant: Variant): Contestant {
  return {
    ...variant,
    isWarm: variant.warmUp !== undefined,
    enter: (databaseUrl) => new PulpTaskingEntry(databaseUrl, variant),
  };
}

const inline = { task: inlineNoop as TaskType, workers: 2, concurrency: 500, share: 1 };

export const pulpInline = pulpTasking({
  ...inline,
  name: 'pulp-inline',
  settings: 'inline, 2 workers of concurrency 500',
  resources: 0,
});

export const pulpResources = pulpTasking({
  ...inline,
  name: 'pulp-resources',
  settings: 'the same, each task claims one of 1,000 resources exclusively',
  resources: 1000,
});

export const pulpHundredResources = pulpTasking({
  ...inline,
  name: 'pulp-resources-100',
  settings: 'the same, each task claims one of 100 resources exclusively',
  resources: 100,
});

export const pulpCapacity = pulpTasking({
  ...inline,
  name: 'pulp-capacity-100',
  settings: 'the same, each task claims a unit of one resource, which has 100',
  resources: 0,
  capacity: 100,
});

const horses = {
  share: 0.2,
  task: horseNoop as TaskType,
  workers: 1,
  warmUp: 10_000,
  resources: 0,
};

export const pulpHorses = pulpTasking({
  ...horses,
  name: 'pulp-horses',
  settings: 'warm child processes, 1 worker of concurrency 20',
  concurrency: 20,
});

export const pulpHorsesMany = pulpTasking({
  ...horses,
  name: 'pulp-horses-100',
  settings: 'the same of concurrency 100',
  concurrency: 100,
});

class PulpTaskingEntry implements Entry {
  readonly #databaseUrl: string;
  readonly #variant: Variant;
  /** Stands beside the workers, as a deployment has it: it is there before them and sees claims as they come. */
  #manager: ResourceManager | undefined;
  #managerSession: SharedClient | undefined;
  #workers: readonly PulpWorker[] = [];
  #lives: readonly Promise<unknown>[] = [];
  /** Holds back what is enqueued for workers that are up: it is delivered when this commits. */
  #transaction: Client | undefined;

  constructor(databaseUrl: string, variant: Variant) {
    this.#databaseUrl = databaseUrl;
    this.#variant = variant;
  }

  async prepare(): Promise<void> {
    process.env['DATABASE_URL'] = this.#databaseUrl;
    await migrate(this.#databaseUrl);
    await getConnection();
    this.#managerSession = new SharedClient(this.#databaseUrl, 'pulp manager bench', {
      settings: { synchronous_commit: 'off' },
    });
    this.#manager = new ResourceManager({
      connection: this.#managerSession,
      worker: 'bench',
      standIn: false,
      log: pino({ level: 'silent' }),
      onUntold: () => undefined,
    });
    this.#manager.start();

    const { warmUp, capacity } = this.#variant;
    if (capacity !== undefined) await setCapacity(POOL, capacity);
    if (warmUp === undefined) return;
    await this.enqueue(warmUp);
    await this.#startWorkers();
    await this.#idle();
    this.#transaction = new Client(this.#databaseUrl);
    await this.#transaction.connect();
    await this.#transaction.query('begin');
  }

  async enqueue(count: number): Promise<void> {
    const { task, resources, capacity } = this.#variant;
    for (const payloads of payloadBatches(count)) {
      const requests = payloads.map((kwargs) => ({
        kwargs,
        resources: resources === 0 ? [] : [`/bench/${kwargs.number % resources}/`],
        ...(capacity !== undefined && { sharedResources: [POOL] }),
      }));
      if (this.#transaction === undefined) await enqueueMany(requests.map((each) => ({ ...each, task })));
      else {
        await this.#transaction.query('select from pulp.enqueue_batch($1)', [
          JSON.stringify(requests.map((each) => ({ ...each, name: task.name }))),
        ]);
      }
    }
  }

  async drain(count: number): Promise<void> {
    if (this.#transaction === undefined) {
      const all = runs.reached(count);
      await this.#startWorkers();
      await all;
    } else await this.#transaction.query('commit');
    await this.#idle();
  }

  async #startWorkers(): Promise<void> {
    const { workers, ...options } = this.#variant;
    const registry = await loadTaskTypes(TASKS_FILE);
    this.#workers = await Promise.all(
      Array.from({ length: workers }, (_, index) =>
        PulpWorker.create({ ...options, registry, tasksFile: TASKS_FILE, name: `bench-${index}` }),
      ),
    );
    this.#lives = this.#workers.map((worker) => worker.run());
  }

  async #idle(): Promise<void> {
    while (await this.#isBusy()) await pause(10);
  }

  /** Whether tasks are to be delivered or run: by the two tables that hold only those, so that looking costs nothing. */
  async #isBusy(): Promise<boolean> {
    const pool = await getConnection();
    return pool.oneFirst(
      sql.type(z.object({ busy: z.boolean() }))`
        select exists (select from pulp_boss.job) or exists (select from pulp.running) as busy`,
    );
  }

  async unfinished(): Promise<number> {
    const pool = await getConnection();
    return pool.oneFirst(
      sql.type(
        z.object({ count: z.number() }),
      )`select count(*) as count from pulp.task where state <> 'completed'`,
    );
  }

  async close(): Promise<void> {
    await this.#transaction?.end();
    for (const worker of this.#workers) worker.stop();
    await Promise.all(this.#lives);
    await this.#manager?.[Symbol.asyncDispose]();
    await this.#managerSession?.[Symbol.asyncDispose]();
    await closeConnection();
  }
}
