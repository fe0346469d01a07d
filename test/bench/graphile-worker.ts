import { Logger, makeWorkerUtils, run, WorkerPreset, type Runner, type WorkerUtils } from 'graphile-worker';
import type { Contestant, Entry } from './contestant.ts';
import { noop, payloadBatches, runs } from './workload.ts';

const TASK = 'noop';

/** Its default logger prints a line for every task that completes, which would measure the terminal. */
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error('graphile-worker:', message);
});

/** graphile-worker as its documentation starts it: every job is fetched and completed by a statement of its own. */
export const graphileWorker: Contestant = {
  name: 'graphile-worker',
  settings: 'defaults, 4 concurrent',
  share: 0.2,
  isWarm: false,
  enter: (databaseUrl) => new GraphileEntry(databaseUrl, { concurrentJobs: 4 }),
};

/** graphile-worker at its fastest: jobs are prefetched into the process and completed in batches. */
export const graphileWorkerLocalQueue: Contestant = {
  name: 'graphile-worker-local-queue',
  settings: 'local queue 500, 24 concurrent, batched completion',
  share: 1,
  isWarm: false,
  enter: (databaseUrl) =>
    new GraphileEntry(databaseUrl, {
      concurrentJobs: 24,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    }),
};

class GraphileEntry implements Entry {
  readonly #preset: GraphileConfig.Preset;
  #utils: WorkerUtils | undefined;
  #runner: Runner | undefined;

  constructor(connectionString: string, options: GraphileConfig.WorkerOptions) {
    this.#preset = { extends: [WorkerPreset], worker: { ...options, connectionString, logger } };
  }

  async prepare(): Promise<void> {
    this.#utils = await makeWorkerUtils({ preset: this.#preset });
    await this.#utils.migrate();
  }

  async enqueue(count: number): Promise<void> {
    for (const payloads of payloadBatches(count)) {
      await this.#prepared.addJobs(payloads.map((payload) => ({ identifier: TASK, payload })));
    }
  }

  async drain(count: number): Promise<void> {
    let isOver = false;
    const all = runs.reached(count);
    this.#runner = await run({ preset: this.#preset, noHandleSignals: true }, { [TASK]: noop }, []);
    // The runner's own promise settles first only if the worker gave up; `unfinished` then tells.
    const gaveUp = this.#runner.promise.then(() => {
      isOver = true;
    });
    await Promise.race([all, gaveUp]);
    // Completions are written behind the tasks and no event tells when: ask until the last is there. The round
    // trips are its only cost, one or two of them.
    while (!isOver && (await this.unfinished()) > 0);
  }

  /** graphile-worker deletes what is finished. */
  async unfinished(): Promise<number> {
    const { rows } = await this.#prepared.withPgClient((client) =>
      client.query<{ count: string }>('select count(*) as count from graphile_worker._private_jobs'),
    );
    return Number(rows[0]?.count);
  }

  async close(): Promise<void> {
    await this.#runner?.stop();
    await this.#utils?.release();
  }

  get #prepared(): WorkerUtils {
    if (!this.#utils) throw new Error('graphile-worker was used before prepare() had finished');
    return this.#utils;
  }
}
