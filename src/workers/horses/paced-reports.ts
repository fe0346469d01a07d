/** At most one report is passed on in so many milliseconds. */
const PACE_MS = 200;

/** What one run reports: however many come, few are passed on, and always the latest. */
export class PacedReports {
  readonly #pass: (report: string) => void;
  #latest: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pass: (report: string) => void) {
    this.#pass = pass;
  }

  /** The first is passed on at once: code that blocks its process from then on has still told. */
  report(report: string): void {
    if (this.#timer === undefined) this.#passOn(report);
    else this.#latest = report;
  }

  /** Passes the last one on at once. */
  flush(): void {
    const latest = this.#latest;
    this.#latest = undefined;
    if (latest !== undefined) this.#pass(latest);
  }

  /** The run is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.flush();
  }

  #passOn(report: string): void {
    this.#latest = undefined;
    this.#pass(report);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#latest !== undefined) this.#passOn(this.#latest);
    }, PACE_MS);
  }
}
