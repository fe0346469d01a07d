import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { DEFAULT_QUEUE } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { sql, textArray } from '../postgres/sql.ts';
import { listTasks, type Task } from '../queries/task.ts';
import type { TaskFilter } from '../queries/task-filter.ts';
import { Pulp } from '../pulp.ts';
import { isTaskType, type TaskType } from '../tasks/define-task.ts';
import { registryOf } from '../tasks/task-registry.ts';
import type { PulpWorker } from '../workers/pulp-worker.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { perform, type Performed, type PerformOptions } from './perform.ts';
import { TestClock } from './test-clock.ts';

/** What a test works with. */
export interface TestPulpOptions {
  /** The task types: some of them, or a module that exports them, as `import * as tasks` gives it. */
  readonly tasks: Iterable<TaskType> | Readonly<Record<string, unknown>>;
  /** Any database of the server to use, as one who may create databases. Default: as for all else, so the embedded one. */
  readonly serverUrl?: string;
}

/** How long `drain` waits by default, in milliseconds. */
const PATIENCE_MS = 30_000;

/** How often it looks, in milliseconds. */
const POLL_MS = 10;

/** How many tasks `enqueued` gives. */
const MOST = 1000;

/**
 * The engine on a database of a test's own, which is dropped at its end: `await using pulp = await testPulp({ tasks })`. Nothing runs
 * until `drain` is called; tasks run in this process then, whatever isolation their types have.
 *
 * @throws PulpError INVALID_INPUT if there are no task types, or what is against using the server
 */
export async function testPulp({ tasks, serverUrl }: TestPulpOptions): Promise<TestPulp> {
  const types = (Symbol.iterator in tasks ? [...tasks] : Object.values(tasks)).filter(isTaskType);
  if (types.length === 0) {
    throw new PulpError('INVALID_INPUT', 'tasks: there are no task types among them', {
      remedy: 'Give what defineTask returned, or a module that exports it.',
      exitCode: 2,
    });
  }
  return new TestPulp(types, await createTestDatabase(serverUrl ?? (await getDatabaseUrl())));
}

/** Made by `testPulp`. */
export class TestPulp extends Pulp {
  readonly clock: TestClock;
  readonly databaseUrl: string;
  readonly #types: readonly TaskType[];
  readonly #database: TestDatabase;
  #working: { readonly worker: PulpWorker; readonly life: Promise<unknown> } | undefined;

  constructor(types: readonly TaskType[], database: TestDatabase) {
    super(database.url);
    this.databaseUrl = database.url;
    this.#types = types;
    this.#database = database;
    this.clock = new TestClock((work) => this.run(work));
  }

  /** Those that the worker takes from. */
  get #queues(): readonly string[] {
    return [...new Set([DEFAULT_QUEUE, ...this.#types.flatMap(({ defaults }) => defaults.queue ?? [])])];
  }

  /** Runs the code of a task once, in this process and without the database; see `perform`. */
  perform<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType>(
    task: TaskType<ArgsSchema, KwargsSchema>,
    options?: PerformOptions<z.input<ArgsSchema>, z.input<KwargsSchema>>,
  ): Promise<Performed> {
    return this.run(() => perform(task, options));
  }

  /** Tasks that wait, the newest first; by what `listTasks` can look for. At most 1,000. */
  enqueued(filter: TaskFilter = {}): Promise<readonly Task[]> {
    return this.run(() => listTasks({ state: 'waiting', ...filter, limit: MOST }));
  }

  /**
   * Runs all that can run, and what that enqueues, until nothing is left but what waits for a later time or for a worker that is not here.
   *
   * @param options.timeoutMs how long it may take; default 30 s
   * @throws PulpError DRAIN_TIMEOUT, naming what still runs or waits
   */
  async drain({ timeoutMs = PATIENCE_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    await this.start();
    try {
      for (;;) {
        const left = await this.run(() => unfinished(this.#queues));
        if (left.length === 0) return;
        if (performance.now() > deadline) {
          this.#working?.worker.kill(); // or its end would be waited for, too
          throw new PulpError('DRAIN_TIMEOUT', `not over after ${timeoutMs} ms: ${left.join(', ')}`, {
            remedy: 'Ask `explainTask` why one waits; or give it longer.',
          });
        }
        await pause(POLL_MS);
      }
    } finally {
      await this.stop();
    }
  }

  /** Has a worker in this process take tasks from now on, until `stop`: for tests that do something while tasks run. */
  async start(): Promise<void> {
    if (this.#working !== undefined) return;
    const registry = registryOf(
      this.#types.map((type) => ({ ...type, isolation: 'inline' as const, limits: undefined })),
    );
    const worker = await this.worker({ registry, name: 'test', queues: this.#queues });
    const online = Promise.withResolvers<undefined>();
    const life = worker.run({
      onOnline: () => {
        online.resolve(undefined);
      },
    });
    life.catch(online.reject);
    this.#working = { worker, life };
    await online.promise;
  }

  /** Has that worker finish what runs, and end. */
  async stop(): Promise<void> {
    const working = this.#working;
    this.#working = undefined;
    working?.worker.stop();
    await working?.life;
  }

  /** Has the worker count as lost now: its runs end as `onWorkerLoss` of their types says, and it registers anew. */
  async loseWorker(): Promise<void> {
    await this.run(async () => {
      const pool = await getConnection();
      await pool.query(sql.unsafe`select pulp.mark_worker_offline('test')`);
    });
  }

  override async close(): Promise<void> {
    this.#working?.worker.kill();
    await this.#working?.life.catch(() => undefined);
    this.#working = undefined;
    await super.close();
    await this.#database[Symbol.asyncDispose]();
  }
}

/** What is left to run, in words. */
async function unfinished(queues: readonly string[]): Promise<readonly string[]> {
  const pool = await getConnection();
  return pool.anyFirst(sql.type(z.object({ said: z.string() }))`
    select format('%s %s is %s', t.name, t.id, t.state) as said
    from pulp.task t
    where t.state in ('waiting', 'running', 'canceling')
      and not exists (select from pulp.deferred d where d.task_id = t.id and d.due_at > clock_timestamp())
      and (t.state <> 'waiting' or exists (
        select from pulp.task_type k where k.name = t.name and t.queue = any (${textArray(queues)})))
    limit 10`);
}
