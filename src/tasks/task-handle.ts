import { MissingResourceError, PulpError } from '../errors.ts';
import type { TaskState } from '../constants.ts';
import { awaitFinal } from '../projections/finality.ts';
import { readTask, type Task } from '../projections/task.ts';
import { cancel } from './cancel.ts';

/** A task that was enqueued. */
export class TaskHandle {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /**
   * Reads the task as it is now.
   *
   * @throws MissingResourceError if it is not there (its transaction was rolled back, or it was purged)
   */
  async read(): Promise<Task> {
    const task = await readTask(this.id);
    if (task === undefined) throw new MissingResourceError(this.id);
    return task;
  }

  /**
   * Waits until the task is final and gives it; look at its `state`, which may be failed or canceled.
   *
   * @param options.timeout milliseconds to wait at most; then PulpError WAIT_TIMEOUT
   * @param options.signal when it is aborted, the promise rejects with its reason; the task goes on
   * @throws MissingResourceError if it is not there
   */
  async wait({ timeout, signal }: { timeout?: number; signal?: AbortSignal } = {}): Promise<Task> {
    await this.read();
    const limits = [signal, timeout === undefined ? undefined : AbortSignal.timeout(timeout)].filter(
      (x) => x !== undefined,
    );
    try {
      await awaitFinal(this.id, AbortSignal.any(limits));
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'TimeoutError') throw error;
      throw new PulpError('WAIT_TIMEOUT', `task ${this.id} is not final yet`, {
        remedy: 'Wait longer; the task goes on all the same.',
        cause: error,
      });
    }
    return this.read();
  }

  /** Cancels the task; see `cancel`. */
  cancel(reason?: string): Promise<TaskState> {
    return cancel(this.id, reason);
  }
}
