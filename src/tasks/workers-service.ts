import type { TaskState } from '../constants.ts';
import { namedDatabaseUrl } from '../postgres/database-url.ts';
import type { Task } from '../queries/task.ts';
import type { NamedRequest } from './enqueue.ts';

/**
 * What a worker does for the code of its tasks in their own processes, which have neither its keys nor its login: there,
 * enqueueing goes this way, and so do canceling, reading and awaiting tasks of the same correlation.
 */
export interface WorkersService {
  /** As `enqueueMany`; all or none. */
  enqueue(requests: readonly NamedRequest[]): Promise<readonly string[]>;
  /** As `cancel`. */
  cancel(id: string, reason: string | undefined): Promise<TaskState>;
  /** As `readTask`. */
  read(id: string): Promise<Task | undefined>;
  /** As `awaitFinal`. */
  awaitFinal(id: string, signal: AbortSignal): Promise<TaskState>;
}

let service: WorkersService | undefined;

/** From now on, this process has its tasks seen to by its worker. */
export function useWorkersService(given: WorkersService): void {
  service = given;
}

/** How this process has its tasks seen to by its worker; undefined: it does so itself. */
export function workersService(): WorkersService | undefined {
  return service;
}

/** The same, but undefined also where code of tasks was given a database login of its own. */
export function workersServiceUnlessConnected(): WorkersService | undefined {
  return namedDatabaseUrl() === undefined ? service : undefined;
}
