import { readdir, readFile } from 'node:fs/promises';
import { isAlive } from '../support/is-alive.ts';

/** A live process. */
export interface Process {
  readonly pid: number;
  readonly command: string;
}

/**
 * The live processes whose environment holds this text: also those whose parent has died, and those that left their
 * process group. Zombies do not count. Linux only.
 */
export async function processesWith(text: string): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
        if (!environment.includes(text) || !isAlive(pid)) return undefined;
        const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
        return { pid, command };
      } catch {
        return undefined; // it ended meanwhile, or is another user's
      }
    }),
  );
  return found.filter(
    (process) => process !== undefined && process.pid !== globalThis.process.pid,
  ) as Process[];
}
