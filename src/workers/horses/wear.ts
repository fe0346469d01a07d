import { readFileSync } from 'node:fs';

/** After so many runs it is seen whether a horse is to be replaced, where nothing else was set. */
const RUNS = 100;

/** It lives for so many times as long as its start took at least. */
const STARTS = 100;

/** Unless it has grown by so much, in kB of resident memory: what its tasks leave behind would add up. */
const GROWN_KB = 100 * 1024;

/**
 * When a horse has had all the runs that it is to have: after as many as were set; else after a hundred, or more where
 * they are so short that starting a process for each hundred would cost more than they do.
 */
export class Wear {
  readonly #pid: number | undefined;
  readonly #isSet: boolean;
  #enough: number;
  readonly #madeAt = performance.now();
  #startMs = Infinity;
  #freshKb: number | undefined;

  /** @param enough after how many runs; undefined: none was set */
  constructor(pid: number | undefined, enough: number | undefined) {
    this.#pid = pid;
    this.#isSet = enough !== undefined;
    this.#enough = enough ?? RUNS;
  }

  /** It is ready for its first run. */
  begin(): void {
    this.#startMs = performance.now() - this.#madeAt;
    if (!this.#isSet) this.#freshKb = this.#residentKb();
  }

  /** It was given a run, of so many. */
  count(runs: number): void {
    if (!this.#isSet && runs >= this.#enough && !this.#isDue) this.#enough += RUNS;
  }

  /** Whether so many runs are all. */
  isFull(runs: number): boolean {
    return runs >= this.#enough;
  }

  get #isDue(): boolean {
    const ageMs = performance.now() - this.#madeAt;
    const kb = this.#residentKb();
    if (kb === undefined || this.#freshKb === undefined) return true; // no /proc: it may have grown
    return ageMs >= (STARTS + 1) * this.#startMs || kb - this.#freshKb >= GROWN_KB;
  }

  #residentKb(): number | undefined {
    try {
      const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#pid}/status`, 'latin1'))?.[1];
      return kb === undefined ? undefined : Number(kb);
    } catch {
      return undefined;
    }
  }
}
