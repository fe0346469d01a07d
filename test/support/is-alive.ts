import { processStat } from '../../src/processes/process-stat.ts';

/** Whether a process goes on; one that nobody has taken note of yet is dead all the same. Linux only. */
export function isAlive(pid: number): boolean {
  return processStat(pid)?.hasEnded === false;
}
