import { readdirSync, readFileSync } from 'node:fs';

/** After so many runs it is seen whether a horse is to be replaced, where nothing else was set. */
const RUNS = 100;

/** It lives for so many times as long as its start took at least. */
const STARTS = 100;

/** Unless it has grown by so much, in kB of resident memory, or has so many files more open: what its tasks leave behind would add up. */
const GROWN_KB = 100 * 1024;
const GROWN_FILES = 50;

/** Or so many of the hundred failed: that may come of what others have left behind. */
const FAILED = 50;

/** What a process has. */
interface Size {
  readonly kb: number;
  readonly files: number;
}

/**
 * When a horse has had all the runs that it is to have: after as many as were set; else after a hundred, or more where
 * they are so short that starting a process for each hundred would cost more than they do, as long as they leave nothing behind.
 */
export class Wear {
  readonly #pid: number | undefined;
  readonly #isSet: boolean;
  #enough: number;
  readonly #madeAt = performance.now();
  #startMs = Infinity;
  #fresh: Size | undefined;
  #failed = 0;

  /** @param enough after how many runs; undefined: none was set */
  constructor(pid: number | undefined, enough: number | undefined) {
    this.#pid = pid;
    this.#isSet = enough !== undefined;
    this.#enough = enough ?? RUNS;
  }

  /** It is ready for its first run. */
  begin(): void {
    this.#startMs = performance.now() - this.#madeAt;
    if (!this.#isSet) this.#fresh = this.#size();
  }

  /** A run of it failed. */
  countFailed(): void {
    this.#failed += 1;
  }

  /** It was given a run, of so many. */
  count(runs: number): void {
    if (this.#isSet || runs < this.#enough || this.#isDue) return;
    this.#enough += RUNS;
    this.#failed = 0;
  }

  /** Whether so many runs are all. */
  isFull(runs: number): boolean {
    return runs >= this.#enough;
  }

  get #isDue(): boolean {
    if (this.#failed >= FAILED) return true;
    const [size, fresh] = [this.#size(), this.#fresh];
    if (size === undefined || fresh === undefined) return true; // no /proc: it may have grown
    const ageMs = performance.now() - this.#madeAt;
    const hasGrown = size.kb - fresh.kb >= GROWN_KB || size.files - fresh.files >= GROWN_FILES;
    return hasGrown || ageMs >= (STARTS + 1) * this.#startMs;
  }

  #size(): Size | undefined {
    try {
      const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#pid}/status`, 'latin1'))?.[1];
      return kb === undefined
        ? undefined
        : { kb: Number(kb), files: readdirSync(`/proc/${this.#pid}/fd`).length };
    } catch {
      return undefined;
    }
  }
}
