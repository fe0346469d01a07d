import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeConnection, loadTaskTypes, PulpWorker, type PulpWorkerOptions } from '../../src/index.ts';
import { connect, createDatabase, type TestDatabase } from './database.ts';
import { checkLog } from './log-checker.ts';

/** A database and workers in this process: `await using engine = await Engine.create(tasksFile)`. */
export class Engine implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly #tasksFile: string;
  readonly #root: string;
  readonly #workers: { worker: PulpWorker; life: Promise<unknown> }[] = [];

  private constructor(database: TestDatabase, tasksFile: string, root: string) {
    this.database = database;
    this.#tasksFile = tasksFile;
    this.#root = root;
  }

  static async create(tasksFile: string): Promise<Engine> {
    const database = await createDatabase();
    const root = await mkdtemp(join(tmpdir(), 'pulp-work-'));
    process.env['DATABASE_URL'] = database.url;
    process.env['PULP_WORKING_DIRECTORY'] = root;
    return new Engine(database, tasksFile, root);
  }

  /** A worker that takes tasks. */
  async worker(options: Partial<PulpWorkerOptions> = {}): Promise<PulpWorker> {
    const { worker, online } = await this.start(options);
    await online;
    return worker;
  }

  /** Starts a worker; `online` resolves when it takes tasks, `unable` with the first reason for which it does not. */
  async start(options: Partial<PulpWorkerOptions> = {}) {
    const registry = await loadTaskTypes(this.#tasksFile);
    const worker = await PulpWorker.create({
      registry,
      tasksFile: this.#tasksFile,
      cancelGraceMs: 300,
      ...options,
    });
    const online = Promise.withResolvers<void>();
    const unable = Promise.withResolvers<string>();
    const life = worker.run({ onOnline: online.resolve, onUnable: unable.resolve });
    life.catch(online.reject);
    this.#workers.push({ worker, life });
    return { worker, online: online.promise, unable: unable.promise };
  }

  /** Stops a worker, or every one, and waits for the end. */
  async stop(which?: PulpWorker): Promise<void> {
    const ending = this.#workers.filter(({ worker }) => which === undefined || worker === which);
    for (const { worker } of ending) worker.stop();
    await Promise.all(ending.map(({ life }) => life));
    for (const ended of ending) this.#workers.splice(this.#workers.indexOf(ended), 1);
  }

  /** What the checker of the log finds wrong, after the workers have stopped. */
  async violations(): Promise<readonly string[]> {
    await this.stop();
    await using client = await connect(this.database.url);
    return await checkLog(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { worker } of this.#workers) worker.kill();
    await Promise.allSettled(this.#workers.map(({ life }) => life));
    await closeConnection();
    await this.database[Symbol.asyncDispose]();
    await rm(this.#root, { recursive: true, force: true });
  }
}
