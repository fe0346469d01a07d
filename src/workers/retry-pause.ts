/** How long to wait after a failure, in milliseconds: longer with each in a row, and never at the same moment as others. */
export class RetryPause {
  readonly #pausesMs: readonly number[];
  #failures = 0;

  /** @param pausesMs after the first failure, the second, …; the last one repeats */
  constructor(pausesMs: readonly number[]) {
    this.#pausesMs = pausesMs;
  }

  /** Another failure: how long to wait now. */
  next(): number {
    const ms = this.#pausesMs[Math.min(this.#failures, this.#pausesMs.length - 1)] ?? 0;
    this.#failures += 1;
    return ms * (0.5 + Math.random());
  }

  /** It went well. */
  reset(): void {
    this.#failures = 0;
  }
}
