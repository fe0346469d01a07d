import type { Logger } from 'pino';
import { asCurrentTask, type CurrentWorker } from '../tasks/current.ts';
import type { TaskContext, TaskType } from '../tasks/define-task.ts';
import { writePayload } from '../tasks/payload.ts';
import { completed, failed, type Outcome } from './outcome.ts';
import type { StartedTask } from './session.ts';

/** What a run needs from where it runs. */
export interface RunEnvironment {
  readonly worker: CurrentWorker;
  readonly log: Logger;
  readonly signal: () => AbortSignal;
  readonly workingDirectory: () => string;
  /** Takes a progress report: JSON. */
  readonly report: (progress: string) => void;
}

/**
 * Runs a task's code and says how it ended; never throws. Used in horses and inline alike. What the code asks for is
 * made when it asks: most tasks need neither a signal nor a directory.
 */
export async function runTask(
  type: TaskType,
  task: StartedTask,
  environment: RunEnvironment,
): Promise<Outcome> {
  const current = {
    id: task.id,
    name: task.name,
    attempt: task.attempt,
    correlationId: task.correlation_id,
    parentId: task.parent_id,
    worker: environment.worker,
  };
  try {
    const args = type.args.safeParse(task.args);
    if (!args.success) return failed(args.error, { code: 'INVALID_ARGUMENTS', retry: false });
    const kwargs = type.kwargs.safeParse(task.kwargs);
    if (!kwargs.success) return failed(kwargs.error, { code: 'INVALID_ARGUMENTS', retry: false });
    return completed(
      await asCurrentTask(current, () => type.run(new Context(task, args.data, kwargs.data, environment))),
    );
  } catch (error) {
    return failed(error);
  }
}

class Context implements TaskContext<unknown, unknown> {
  readonly id: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly attempt: number;
  readonly #task: StartedTask;
  readonly #environment: RunEnvironment;
  #log: Logger | undefined;

  constructor(task: StartedTask, args: unknown, kwargs: unknown, environment: RunEnvironment) {
    this.id = task.id;
    this.args = args;
    this.kwargs = kwargs;
    this.attempt = task.attempt;
    this.#task = task;
    this.#environment = environment;
  }

  get signal(): AbortSignal {
    return this.#environment.signal();
  }

  get workingDirectory(): string {
    return this.#environment.workingDirectory();
  }

  get log(): Logger {
    return (this.#log ??= this.#environment.log.child({
      task: this.id,
      name: this.#task.name,
      correlation_id: this.#task.correlation_id,
    }));
  }

  // A function of the object, not of the class: task code takes it out of the context.
  readonly progress = (report: unknown): void => {
    this.#environment.report(writePayload(report, 'progress'));
  };
}
