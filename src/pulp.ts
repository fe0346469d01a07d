import type { z } from 'zod';
import type { TaskState } from './constants.ts';
import { closeConnection } from './postgres/connection.ts';
import { inDatabase, type CurrentDatabase } from './postgres/current-database.ts';
import { resolveAddress } from './postgres/address/resolve.ts';
import { listTasks, type Task, type TaskSelection } from './queries/task.ts';
import { retry } from './tasks/acting.ts';
import { consume } from './subscriptions/consume.ts';
import { cancel } from './tasks/cancel.ts';
import type { TaskType } from './tasks/define-task.ts';
import { enqueueMany, type EnqueueRequest } from './tasks/enqueue.ts';
import { TaskHandle } from './tasks/task-handle.ts';
import type { FittingIterable, FittingRequests, HandlesOf, RequestOptions } from './tasks/typed-request.ts';
import { PulpWorker, type PulpWorkerOptions } from './workers/pulp-worker.ts';

/** What a `Pulp` is made with. */
export interface PulpOptions {
  /** Such as `postgresql://user:password@host:5432/database`; `docs/connecting.md` has all forms. */
  readonly databaseUrl: string;
}

/**
 * The engine on one database, beside the process-wide one that `DATABASE_URL` names: a process may have several. It connects when it is
 * first used, keeps no process alive, and is closed by `close` or `await using`.
 *
 * @throws PulpError INVALID_INPUT if that is no address of a Postgres database
 */
export function createPulp({ databaseUrl }: PulpOptions): Pulp {
  return new Pulp(databaseUrl);
}

/** The engine on one database; made by `createPulp`. */
export class Pulp implements AsyncDisposable {
  readonly #database: CurrentDatabase;

  constructor(databaseUrl: string) {
    this.#database = { url: resolveAddress(databaseUrl, 'databaseUrl') };
  }

  /**
   * Has any function of this package work with this database, and whatever it begins: `pulp.run(() => listSchedules({ limit: 10 }))`.
   */
  run<T>(work: () => T): T {
    return inDatabase(this.#database, work);
  }

  /** Enqueues one task; as `enqueueWithReservation`. */
  async enqueue<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType, Result>(
    task: TaskType<ArgsSchema, KwargsSchema, Result> | string,
    ...[options]: RequestOptions<ArgsSchema, KwargsSchema>
  ): Promise<TaskHandle<Result>> {
    const [handle] = await this.enqueueMany([{ ...options, task }]);
    if (handle === undefined) throw new Error('one task enqueued, none returned');
    return handle as TaskHandle<Result>;
  }

  /** As the function `enqueueMany`. */
  enqueueMany<const Requests extends readonly EnqueueRequest[]>(
    requests: FittingRequests<Requests>,
  ): Promise<HandlesOf<Requests>>;
  enqueueMany<const Request extends EnqueueRequest>(
    requests: FittingIterable<Request>,
  ): Promise<HandlesOf<Request[]>>;
  enqueueMany(requests: Iterable<EnqueueRequest>): Promise<TaskHandle[]> {
    return this.run(() => enqueueMany(requests));
  }

  /** A task that is there, by its id. */
  task(id: string): TaskHandle {
    return this.run(() => new TaskHandle(id));
  }

  /** As the function `listTasks`. */
  listTasks(selection: TaskSelection): Promise<readonly Task[]> {
    return this.run(() => listTasks(selection));
  }

  /** As the function `cancel`. */
  cancel(id: string, reason?: string): Promise<TaskState> {
    return this.run(() => cancel(id, reason));
  }

  /** As the function `retry`. */
  retry(id: string, reason?: string): Promise<TaskState> {
    return this.run(() => retry(id, reason));
  }

  /** As the function `consume`. */
  consume(...given: Parameters<typeof consume>): Promise<number> {
    return this.run(() => consume(...given));
  }

  /** A worker for this database; as `PulpWorker.create`. */
  worker(options: PulpWorkerOptions): Promise<PulpWorker> {
    return this.run(() => PulpWorker.create(options));
  }

  /** Ends its connections; whoever uses it later makes new ones. */
  close(): Promise<void> {
    return this.run(closeConnection);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
