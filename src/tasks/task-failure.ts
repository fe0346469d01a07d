import type { TaskState } from '../constants.ts';
import { PulpError } from '../errors.ts';
import type { Task } from '../queries/task.ts';

/**
 * A task whose result was waited for has ended without one. Its code is that of the task's own error; of a task that was canceled or
 * skipped TASK_CANCELED or TASK_SKIPPED.
 */
export class TaskFailure extends PulpError {
  readonly state: TaskState;
  /** What its code threw, as the task's row has it; null if it did not come to that. */
  readonly error: unknown;
  readonly task: Task;

  constructor(task: Task) {
    const { id, name, state, error } = task;
    const { code, message } = partsOf(error);
    const said = message === undefined ? '' : `: ${message}`;
    super(
      code ?? `TASK_${state.toUpperCase()}`,
      `task ${id} (${name}) ${WORDS[state] ?? `is ${state}`}${said}`,
      {
        remedy: `\`pulp task show ${id}\` tells more; \`pulp task retry ${id}\` has it run again.`,
      },
    );
    this.state = state;
    this.error = error;
    this.task = task;
  }
}

const WORDS: Readonly<Partial<Record<TaskState, string>>> = {
  failed: 'failed',
  canceled: 'was canceled',
  skipped: 'was skipped',
};

function partsOf(error: unknown): { readonly code?: string; readonly message?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message }),
  };
}
