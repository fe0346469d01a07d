import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * When a process started, in a form to be compared only: with its id it tells it from a later process that got the same
 * id. Undefined: there is none, or it has ended and nobody has taken note of it yet.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startTimeByProc(pid) : startTimeByPs(pid);
}

async function startTimeByProc(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name of the program, in parentheses, can hold anything; the state follows it, the start is field 22 of all.
  const [state, ...fields] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === undefined || 'ZX'.includes(state) ? undefined : fields[18];
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  const listing = promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  const { stdout } = await listing.catch(() => ({ stdout: '' }));
  const [, start] = /^([^Z]\S*)\s+(.*\S)/.exec(stdout) ?? [];
  return start === undefined ? undefined : stdout.trim().replace(/^\S+\s+/, '');
}
