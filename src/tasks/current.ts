import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './tracing.ts';

/** The task in whose code we are. */
export interface CurrentTask {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly correlationId: string | null;
  readonly parentId: string | null;
  /** The span that enqueued it; null: nobody traces it. */
  readonly traceContext: TraceContext | null;
  readonly worker: CurrentWorker;
}

/** The worker that runs the current task. */
export interface CurrentWorker {
  readonly name: string;
  /** Its directory, in which each run has one of its own. */
  readonly directory: string;
}

const storage = new AsyncLocalStorage<CurrentTask>();

/** The task whose code calls this, or undefined outside of one. */
export function getCurrentTask(): CurrentTask | undefined {
  return storage.getStore();
}

/** The worker that runs the caller's task, or undefined outside of one (pulpcore's `get_current_worker`). */
export function getCurrentWorker(): CurrentWorker | undefined {
  return storage.getStore()?.worker;
}

/** Runs a task's code so that it is the current one, also across its awaits. */
export function asCurrentTask<T>(task: CurrentTask, code: () => T): T {
  return storage.run(task, code);
}
