/**
 * A mark in the environment of a horse is inherited by what its tasks start, also by what leaves its process group and its
 * session. Only a process that clears or overwrites its environment loses it.
 */
export const MARK_VARIABLE = 'PULP_HORSE_MARK';

/** What begins so in an environment is a mark that begins so. */
export function markEntry(mark: string): string {
  return `${MARK_VARIABLE}=${mark}`;
}

/** Whether this process is a task's, or was started by one. */
export function isTaskProcess(): boolean {
  return process.env[MARK_VARIABLE] !== undefined;
}
