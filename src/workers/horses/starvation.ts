import { readFileSync } from 'node:fs';
import { processStat } from '../../processes/process-stat.ts';

/** What a process does. Where there is no /proc it waits, for all that is known. */
export type Activity = 'waits' | 'computes' | 'gets no processor';

/** Tells a process that has much to do from one that gets no processor to do it. */
export class Starvation {
  readonly #pid: number;
  #last: { readonly at: number; readonly ranMs: number } | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** What it has done since the last look; at the first one it is given the benefit of the doubt. */
  look(): Activity {
    if (processStat(this.#pid)?.state !== 'R') return 'waits';
    const before = this.#last;
    const now = (this.#last = { at: performance.now(), ranMs: this.#ranMs() });
    if (before === undefined) return 'gets no processor';
    return now.ranMs - before.ranMs < (now.at - before.at) / 2 ? 'gets no processor' : 'computes';
  }

  /** What was seen is of another run. */
  forget(): void {
    this.#last = undefined;
  }
  /** For how many milliseconds its first thread ran, which runs the code. */
  #ranMs(): number {
    try {
      return Number(readFileSync(`/proc/${this.#pid}/schedstat`, 'latin1').split(' ', 1)[0]) / 1e6;
    } catch {
      return 0;
    }
  }
}
