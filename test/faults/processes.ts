import { readdir, readFile } from 'node:fs/promises';

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
        if (!environment.includes(text) || !(await isAlive(pid))) return undefined;
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

/** Whether the process is there, and more than a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
