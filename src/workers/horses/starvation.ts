import { readFileSync } from 'node:fs';
import { processStat } from '../../processes/process-stat.ts';

/** Tells a process that has much to do from one that gets no processor to do it. Where there is no /proc nothing is told. */
export class Starvation {
  readonly #pid: number;
  #last: { readonly at: number; readonly ranMs: number } | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Whether it has waited for a processor most of the time since the last look; true at the first one: who knows. */
  look(): boolean {
    const before = this.#last;
    try {
      // Of its first thread, which runs the code: for how many nanoseconds it ran.
      const ranMs = Number(readFileSync(`/proc/${this.#pid}/schedstat`, 'latin1').split(' ', 1)[0]) / 1e6;
      this.#last = { at: performance.now(), ranMs };
    } catch {
      return false;
    }
    if (before === undefined) return true;
    if (processStat(this.#pid)?.state !== 'R') return false;
    return this.#last.ranMs - before.ranMs < (this.#last.at - before.at) / 2;
  }

  /** What was seen is of another run. */
  forget(): void {
    this.#last = undefined;
  }
}
