import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as yieldToOthers, setTimeout as pause } from 'node:timers/promises';
import { processStat } from './process-stat.ts';

/**
 * By this a guardian has the entry of those whom it guards from its first moment, should their parent die in the next; it does not
 * bear the entry itself.
 */
export const GUARDED_VARIABLE = 'PULP_GUARDED_MARK';

/** How long a process may take to become another program (exec), in milliseconds. */
const UNREADABLE_MS = 50;

/** After so many processes a search lets the event loop turn. */
const STRIDE = 100;

/** Between two looks at processes that are to change, in milliseconds; there is no event to wait for. */
const LOOK_MS = 2;

/** How long what was killed may take to be gone, in milliseconds. */
const PATIENCE_MS = 800;

/**
 * The living processes with an entry in their environment that begins so (`NAME=VALUE`), except one: what a process starts inherits it, also
 * what leaves its process group and its session. Where there is no /proc nobody is found.
 */
export async function findMarked(entry: string, except?: number): Promise<readonly number[]> {
  const deadline = performance.now() + UNREADABLE_MS;
  const found: number[] = [];
  let pids = allProcesses().filter((pid) => pid !== except);
  for (;;) {
    const unreadable: number[] = [];
    for (const [index, pid] of pids.entries()) {
      const is = isMarked(pid, entry);
      if (is === undefined) unreadable.push(pid);
      else if (is) found.push(pid);
      if (index % STRIDE === STRIDE - 1) await yieldToOthers();
    }
    if (unreadable.length === 0 || performance.now() > deadline) return found;
    pids = unreadable;
    await pause(LOOK_MS);
  }
}

/** Kills the processes with such an entry, and what they start meanwhile. Gives those that would not go. */
export async function killMarked(entry: string): Promise<readonly number[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await findMarked(entry);
    if (found.length === 0 || performance.now() > deadline) return found;
    found.forEach(killAtOnce);
    await pause(LOOK_MS);
  }
}

/** Sends SIGKILL to the processes with such an entry, in this very moment. */
export function killMarkedAtOnce(entry: string): void {
  for (const pid of allProcesses()) if (isMarked(pid, entry)) killAtOnce(pid);
}

/** SIGKILL to a process; to a group if the id is negative. One that is gone already is fine. */
export function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

function allProcesses(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Undefined: it cannot be told in this moment, since the process is just becoming another program. */
function isMarked(pid: number, entry: string): boolean | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    if (environment.length > 0) return `\0${environment}`.includes(`\0${entry}`); // a guardian has it within a value
    return processStat(pid)?.isProgram === true && readFileSync(`/proc/${pid}/cmdline`).length === 0
      ? undefined
      : false;
  } catch {
    return false; // it is gone, or another user's
  }
}
