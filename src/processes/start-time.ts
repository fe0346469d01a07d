import { promisify } from 'node:util';
import { processStat } from './process-stat.ts';

/**
 * When a process started, in a form to be compared only: with its id it tells it from a later process that got the same
 * id. Undefined: there is none, or it has ended and nobody has taken note of it yet.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startTimeByProc(pid) : startTimeByPs(pid);
}

function startTimeByProc(pid: number): string | undefined {
  const stat = processStat(pid);
  return stat?.hasEnded === false ? stat.startTime : undefined;
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  const { execFile } = await import('node:child_process');
  const listing = promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  const { stdout } = await listing.catch(() => ({ stdout: '' }));
  const [, start] = /^([^Z]\S*)\s+(.*\S)/.exec(stdout) ?? [];
  return start === undefined ? undefined : stdout.trim().replace(/^\S+\s+/, '');
}
