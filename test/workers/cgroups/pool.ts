import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { TaskType } from '../../../src/index.ts';
import { WorkerDirectory } from '../../../src/workers/directories/worker-directory.ts';
import { HorsePool, type HorseRun, type HorsePoolSettings } from '../../../src/workers/horses/horse-pool.ts';
import type { Outcome } from '../../../src/workers/runs/outcome.ts';

const TASKS_FILE = fileURLToPath(new URL('./limit-tasks.ts', import.meta.url));

/** A line of the log: what was logged, and its message. */
export type Line = Record<string, unknown> & { readonly msg: string };

/** A run, and the first progress that it reports. */
export interface TestRun extends HorseRun {
  readonly id: string;
  readonly progress: Promise<Record<string, number>>;
}

/** Horses without a worker and a database, for a scope. */
export class TestPool implements AsyncDisposable {
  readonly pool: HorsePool;
  /** What it logged. */
  readonly log: readonly Line[];
  readonly #root: string;

  private constructor(pool: HorsePool, log: readonly Line[], root: string) {
    this.pool = pool;
    this.log = log;
    this.#root = root;
  }

  /** @param cgroup where its horses have their groups; undefined: nowhere */
  static async make(
    cgroup: string | undefined,
    settings: Partial<HorsePoolSettings> = {},
  ): Promise<TestPool> {
    process.env['PULP_CGROUP'] = cgroup ?? 'none';
    const root = await mkdtemp(`${tmpdir()}/pulp-pool-`);
    const directory = new WorkerDirectory('limited', root);
    await directory.create();
    const lines: Line[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
    const pool = new HorsePool({
      ...{ tasksFiles: [TASKS_FILE], worker: 'limited', workerDirectory: directory.path, log },
      ...{ maxTasksPerHorse: 100, answer: () => Promise.reject(new Error('nobody asks')) },
      ...{ mark: `${randomUUID()}.`, guard: () => undefined },
      ...settings,
    });
    return new TestPool(pool, lines, root);
  }

  start(type: TaskType, kwargs: Record<string, unknown> = {}): TestRun {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<Record<string, number>>();
    const task = {
      ...{ id, name: type.name, args: [], kwargs, attempt: 1, fence: '1' },
      ...{
        timeout_seconds: null,
        parent_id: null,
        correlation_id: null,
        trace_context: null,
        interruptions: 0,
      },
    };
    const run = this.pool.run(task, {
      onProgress: (progress) => {
        resolve((JSON.parse(`{${progress}}`) as { progress: Record<string, number> }).progress);
      },
      limits: type.limits,
      isAlone: type.isolation === 'process',
    });
    return { ...run, id, progress: promise };
  }

  /** Runs it and gives what it returned, or the error that it failed with. */
  async result(type: TaskType, kwargs: Record<string, unknown> = {}): Promise<unknown> {
    return resultOf(await this.start(type, kwargs).ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pool.kill();
    await rm(this.#root, { recursive: true, force: true });
  }
}

export function resultOf(outcome: Outcome): unknown {
  switch (outcome.outcome) {
    case 'completed':
      return JSON.parse(outcome.result);
    case 'failed':
      return JSON.parse(outcome.error);
    case 'canceled':
      return 'canceled';
  }
}
