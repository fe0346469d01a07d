import type { Task as TaskOfProject } from '../../queries/task.ts';
import { read, type Query } from './client.ts';
import type { Wire } from './wire.ts';

/** A task, as the API gives it. */
export type Task = Wire<TaskOfProject>;

/** A page of tasks, the newest first. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  readonly cursor: string | null;
}

/** Reads a page of tasks as lists show them: without what may be large. */
export function readTasks(query: Query, signal?: AbortSignal): Promise<TaskPage> {
  return read<TaskPage>('tasks', { payloads: false, ...query }, signal);
}
