/** At most one report is passed on in so many milliseconds. */
const PACE_MS = 200;

/** Progress reports of one run: however many come, few are passed on, and always the latest. */
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

  /** The run is over: the last one is passed on. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#latest !== undefined) this.#pass(this.#latest);
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
