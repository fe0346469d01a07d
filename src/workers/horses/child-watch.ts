import { openSync, readSync } from 'node:fs';
import { parseStat } from '../../processes/process-stat.ts';

/**
 * Sees whether code in this process starts processes, however it does it (unless in a thread of its own, which is still
 * there). It is asked after each task, so the files of the kernel stay open: a look costs microseconds.
 */
export class ChildWatch {
  readonly #buffer = Buffer.alloc(16 * 1024);
  readonly #children: number | undefined;
  readonly #stat: number | undefined;
  #endedChildren: string | undefined;

  constructor() {
    try {
      this.#children = openSync(`/proc/self/task/${process.pid}/children`, 'r');
      this.#stat = openSync('/proc/self/stat', 'r');
      this.#endedChildren = parseStat(this.#read(this.#stat)).endedChildren;
    } catch {
      // no Linux: nothing is seen
    }
  }

  /**
   * If processes were started since the last look, or are still there: the children that are; else undefined. The ids are
   * to be checked: code that closed our files and opened others has us read those.
   */
  look(): readonly number[] | undefined {
    if (this.#children === undefined || this.#stat === undefined) return undefined;
    try {
      const children = this.#read(this.#children);
      const { endedChildren } = parseStat(this.#read(this.#stat));
      if (children === '' && endedChildren === this.#endedChildren) return undefined;
      this.#endedChildren = endedChildren;
      return children.trim().split(' ').map(Number).filter(Number.isSafeInteger);
    } catch {
      return []; // code closed our files: anything may be
    }
  }

  #read(file: number): string {
    return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, this.#buffer.length, 0));
  }
}
