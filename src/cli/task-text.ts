import type { Task } from '../queries/task.ts';

/** Why a task that is over did not complete, in a sentence; undefined if it did. */
export function failureText(task: Task): string | undefined {
  switch (task.state) {
    case 'completed':
      return undefined;
    case 'failed':
      return `task ${task.id} failed: ${errorSummary(task.error)}`;
    default:
      return `task ${task.id} is ${task.state}${task.cancel_reason === null ? '' : `: ${task.cancel_reason}`}`;
  }
}

/** What a task's recorded error says, without its stack. */
export function errorSummary(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && typeof message === 'string'
    ? `${message} (${code})`
    : JSON.stringify(error);
}
