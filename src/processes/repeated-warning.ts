import type { Log } from '../log.ts';

/** How often a warning that comes again and again is told, in milliseconds. */
const TOLD_EVERY_MS = 10_000;

/**
 * A warning that comes several times a second while something lasts: told at once when it says something new, and then every ten
 * seconds, with how often it came in between.
 */
export class RepeatedWarning {
  readonly #log: Log;
  #told: string | undefined;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  tell(details: { readonly err?: unknown; readonly [field: string]: unknown }, message: string): void {
    const says = details.err instanceof Error ? `${message}: ${details.err.message}` : message;
    if (says === this.#told && performance.now() - this.#toldAt < TOLD_EVERY_MS) {
      this.#untold += 1;
      return;
    }
    this.#log.warn(this.#untold > 0 ? { ...details, untold: this.#untold } : details, message);
    this.#told = says;
    this.#toldAt = performance.now();
    this.#untold = 0;
  }

  /** It is over: whatever comes next is new. */
  over(): void {
    this.#told = undefined;
    this.#untold = 0;
  }
}
