import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { killAtOnce } from '../../../processes/marked-processes.ts';

/** Between two looks at processes that are to be gone, in milliseconds; the event of the kernel's is no cheaper. */
const LOOK_MS = 2;

/** A control group of the kernel (cgroup v2), see cgroups(7). Those that processes in it make within are part of it. */
export class Cgroup {
  /** Its directory. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes it if it is not there.
   *
   * @throws what the system says if it cannot be made
   */
  make(): this {
    mkdirSync(this.path, { recursive: true });
    return this;
  }

  /** What enters the group when its id is written there; `0` is whoever writes. */
  get procsFile(): string {
    return join(this.path, 'cgroup.procs');
  }

  within(name: string): Cgroup {
    return new Cgroup(join(this.path, name));
  }

  /** The names of the groups that were made in it. */
  children(): readonly string[] {
    try {
      const entries = readdirSync(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch {
      return []; // it is gone
    }
  }

  /** The processes in it, without those that have ended and wait for their parents to take note. */
  processes(): readonly number[] {
    const own = words(this.read('cgroup.procs')).map(Number);
    const inner = this.children().flatMap((name) => this.within(name).processes());
    return [...own.filter((pid) => pid > 0), ...inner]; // 0: one that our name space of processes does not show
  }

  /** Whether a process is in it that has not ended, also one that we do not see. */
  get isPopulated(): boolean {
    return counter(this.read('cgroup.events'), 'populated') === 1;
  }

  /** Sends SIGKILL to every process in it. Before Linux 5.14 to those found; others may be started meanwhile. */
  kill(): void {
    if (!this.write('cgroup.kill', '1')) this.processes().forEach(killAtOnce);
  }

  /** Kills until no process is left; false if one is that does not die within the patience, in milliseconds. */
  async empty(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.isPopulated) {
      if (performance.now() > deadline) return false;
      this.kill();
      await pause(LOOK_MS, undefined, { ref: false });
    }
    return true;
  }

  /** Removes it, with those made in it; false if processes are still in there. */
  remove(): boolean {
    for (const name of this.children()) this.within(name).remove();
    try {
      rmdirSync(this.path);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
  }

  /** A file of the kernel's; empty if there is none, or it cannot be read. */
  read(file: string): string {
    try {
      return readFileSync(join(this.path, file), 'latin1');
    } catch {
      return '';
    }
  }

  /** Writes to a file of the kernel's; false if there is none, or the kernel refuses. */
  write(file: string, content: string): boolean {
    try {
      writeFileSync(join(this.path, file), content, { flag: 'r+' }); // never makes one
      return true;
    } catch {
      return false;
    }
  }
}

/** The number behind a name, in text of lines `name number`; undefined if it is not there. */
export function counter(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** The words of a text that are separated by white space. */
export function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
