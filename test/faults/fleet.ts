import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeConnection } from '../../src/index.ts';
import { processesWith, type Process } from './processes.ts';
import { JOURNAL_VARIABLE } from './run-journal.ts';
import { WorkerProcess } from './worker-process.ts';

const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/pulp-test-compile', import.meta.url));

export interface FleetSettings {
  readonly databaseUrl: string;
  /** After how many seconds of silence a worker counts as missing; default: as in production. */
  readonly ttlSeconds?: number;
  /** How many tasks each worker has in hand; default 3. */
  readonly concurrency?: number;
}

/** A fleet of real workers on one database, with folders of its own. This process becomes a caller of the same database. */
export class Fleet implements AsyncDisposable {
  /** Where runs keep their journals. */
  readonly journal: string;
  /** The root of the workers' directories. */
  readonly directories: string;
  /** Every worker that it ever had, by start. */
  readonly workers: WorkerProcess[] = [];
  readonly #root: string;
  readonly #settings: FleetSettings;
  readonly #env: NodeJS.ProcessEnv;
  #keep = false;

  private constructor(root: string, settings: FleetSettings) {
    this.#root = root;
    this.#settings = settings;
    this.journal = join(root, 'journal');
    this.directories = join(root, 'work');
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(PULP_|DATABASE_URL$|NODE_)/.test(key),
    );
    this.#env = {
      ...Object.fromEntries(inherited),
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      DATABASE_URL: settings.databaseUrl,
      PULP_WORKING_DIRECTORY: this.directories,
      [JOURNAL_VARIABLE]: this.journal,
      PULP_TASK_ENV: JOURNAL_VARIABLE,
      ...(settings.ttlSeconds && { PULP_WORKER_TTL: String(settings.ttlSeconds) }),
    };
  }

  static async create(settings: FleetSettings): Promise<Fleet> {
    const root = await mkdtemp(join(tmpdir(), 'pulp-faults-'));
    const fleet = new Fleet(root, settings);
    await mkdir(fleet.journal);
    await mkdir(join(root, 'logs'));
    process.env['DATABASE_URL'] = settings.databaseUrl;
    return fleet;
  }

  /**
   * Starts a worker; resolves when it is online.
   *
   * @param queues beside the queue that all of them serve
   * @param databaseUrl its own way to the database
   */
  async start(
    name: string,
    { queues = [], databaseUrl }: { readonly queues?: readonly string[]; readonly databaseUrl?: string } = {},
  ): Promise<WorkerProcess> {
    const { concurrency = 3 } = this.#settings;
    const worker = new WorkerProcess({
      name,
      concurrency,
      queues: ['default', ...queues],
      folder: this.#root,
      env: { ...this.#env, ...(databaseUrl && { DATABASE_URL: databaseUrl }) },
      logFile: join(this.#root, 'logs', `${name}.log`),
    });
    this.workers.push(worker);
    await worker.logged('online');
    return worker;
  }

  /** Those that run. */
  get running(): readonly WorkerProcess[] {
    return this.workers.filter((worker) => worker.isRunning);
  }

  /** Every live process that belongs to the fleet: workers, horses, and what their tasks started. */
  processes(): Promise<readonly Process[]> {
    return processesWith(this.#root);
  }

  /** Asks all workers to stop; gives how those ended that did not end as they should. */
  async stop(): Promise<readonly string[]> {
    const stopped = this.running;
    for (const worker of stopped) worker.signal('SIGTERM');
    const ends = await Promise.all(stopped.map(async (worker) => ({ worker, ...(await worker.ended) })));
    return ends
      .filter(({ code }) => code !== 0)
      .map(({ worker, code, signal }) => `${worker.name} ended with ${code ?? signal}`);
  }

  /** Runs a scenario; if it fails, says what the workers had to warn of, and keeps their logs and journals. */
  async explaining(t: TestContext, scenario: () => Promise<void>): Promise<void> {
    try {
      await scenario();
    } catch (error) {
      for (const worker of this.workers) t.diagnostic(worker.explanation());
      t.diagnostic(`logs and journals are kept in ${this.#root}`);
      this.#keep = true;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let left = await this.processes(); left.length > 0; left = await this.processes()) {
      for (const { pid } of left) kill(pid); // one that forked meanwhile left another
    }
    await closeConnection();
    if (!this.#keep) await rm(this.#root, { recursive: true, force: true });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was quicker
  }
}
