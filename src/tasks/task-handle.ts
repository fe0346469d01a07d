import { setTimeout as pause } from 'node:timers/promises';
import { MissingResourceError, PulpError } from '../errors.ts';
import type { TaskState } from '../constants.ts';
import { awaitFinal } from '../waiting/wait-for-tasks.ts';
import { readTask, type Task } from '../queries/task.ts';
import { canonicalTaskId } from '../new-task-id.ts';
import { currentDatabase, inDatabase } from '../postgres/current-database.ts';
import { retry } from './acting.ts';
import { cancel } from './cancel.ts';
import { getCurrentTask } from './current.ts';
import { TaskFailure } from './task-failure.ts';
import { withinTime, type WaitOptions } from './time-limit.ts';
import { awaitFinalAsTask } from './waiting-as-task.ts';
import { workersServiceUnlessConnected } from './workers-service.ts';

/** How often a wait that has a timeout looks whether what was in its way has gone, in milliseconds. */
const DEADLOCK_POLL_MS = 250;

/** What a task's row has of what its code returned. */
type Stored<Result> = Result extends undefined ? null : Result;

/** A task that was enqueued; its code returns a `Result`. */
export class TaskHandle<Result = unknown> {
  readonly id: string;
  /** Where it was made: its methods work there wherever they are called. */
  readonly #database = currentDatabase();

  constructor(id: string) {
    this.id = canonicalTaskId(id); // it is compared with what the database gives
  }

  /**
   * Reads the task as it is now.
   *
   * @throws MissingResourceError if it is not there (its transaction was rolled back, or it was purged)
   */
  async read(): Promise<Task> {
    const task = await inDatabase(
      this.#database,
      () => workersServiceUnlessConnected()?.read(this.id) ?? readTask(this.id),
    );
    if (task === undefined) throw new MissingResourceError(this.id);
    return task;
  }

  /**
   * Waits until the task is final and gives it; look at its `state`, which may be failed or canceled.
   *
   * @param options.timeout how long to wait at most: a text such as `30s`, or milliseconds; then PulpError WAIT_TIMEOUT
   * @param options.signal when it is aborted, the promise rejects with its reason; the task goes on
   * @throws MissingResourceError if it is not there; PulpError INVALID_INPUT if the timeout is not a length of time; in the code of a task
   *   and without a timeout, WOULD_DEADLOCK, at once, if it could not end before the task that waits
   */
  async wait({ timeout, signal }: WaitOptions = {}): Promise<Task> {
    const late = {
      message: `task ${this.id} is not final yet`,
      remedy: 'Wait longer; the task goes on all the same.',
    };
    await withinTime({ timeout, signal }, late, async (end) => {
      await this.read();
      const wait = () => this.#awaitFinal(end);
      await (timeout === undefined ? wait() : untilNoDeadlock(wait, end));
    });
    return this.read();
  }

  /**
   * Waits as `wait` does, and gives what the task's code has returned; null if that was nothing.
   *
   * @throws TaskFailure if it failed, was canceled or was skipped; and as `wait`
   */
  async result(options: WaitOptions = {}): Promise<Stored<Awaited<Result>>> {
    const task = await this.wait(options);
    if (task.state !== 'completed') throw new TaskFailure(task);
    return task.result as Stored<Awaited<Result>>;
  }

  #awaitFinal(end: AbortSignal): Promise<TaskState> {
    const waiter = getCurrentTask();
    return inDatabase(
      this.#database,
      () =>
        workersServiceUnlessConnected()?.awaitFinal(this.id, end) ??
        (waiter === undefined ? awaitFinal(this.id, end) : awaitFinalAsTask(waiter.id, this.id, end)),
    );
  }

  /** Has the task run again; see `retry`. */
  retry(reason?: string): Promise<TaskState> {
    return inDatabase(this.#database, () => retry(this.id, reason));
  }

  /** Cancels the task; see `cancel`. */
  cancel(reason?: string): Promise<TaskState> {
    return inDatabase(this.#database, () => cancel(this.id, reason));
  }
}

/** A wait that has an end of its own stands in nobody's way for ever; what is in its way may go meanwhile. */
async function untilNoDeadlock(wait: () => Promise<unknown>, end: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await wait();
      return;
    } catch (error) {
      if (!(error instanceof PulpError) || error.code !== 'WOULD_DEADLOCK') throw error;
    }
    await pause(DEADLOCK_POLL_MS, undefined, { signal: end }).catch(() => undefined);
    end.throwIfAborted();
  }
}
