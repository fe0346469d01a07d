/** Runs that take no longer are short, in milliseconds: others of the worker may wait behind them. */
export const SHORT_MS = 10;

/** Of how many milliseconds a longer run is taken for, and a shorter one. */
const MOST_MS = 4 * SHORT_MS;
const LEAST_MS = 0.01;

/**
 * By how much a longer run raises what is expected, and a shorter one lowers it. So about seven of ten runs are no longer than
 * expected; and how much longer the others are makes no difference: what kept them may have been the machine.
 */
const RAISE = 1.25;
const LOWER = 1.1;

/** What the latest run counts for in the share of its time for which a type waits. */
const WEIGHT = 1 / 8;

/** What is expected of a run. */
export interface ExpectedRun {
  /** How long it takes, in milliseconds. */
  readonly ms: number;
  /** It waits for something else than the processor most of that time: more processes do more of them. */
  readonly waits: boolean;
}

/** How long the runs of each task type take, by those that this worker has seen. */
export class RunTimes {
  readonly #types = new Map<string, { ms: number; idle: number }>();

  /** What to expect of a type; undefined as long as no run of it has been seen. */
  expected(type: string): ExpectedRun | undefined {
    const known = this.#types.get(type);
    return known && { ms: known.ms, waits: known.idle > 1 / 2 };
  }

  /**
   * Takes note of a run.
   *
   * @param ms how long it took; Infinity: it goes on, and takes long
   * @param idleMs for how much of that its process had nothing to do
   */
  add(type: string, ms: number, idleMs: number): void {
    const known = this.#types.get(type);
    const seen = Math.max(LEAST_MS, Math.min(ms, MOST_MS));
    const idle = ms > 0 ? Math.min(1, idleMs / ms) : 0;
    if (known === undefined) {
      // What ended may only have got no processor for a while; of what goes on, the pool has seen that it is not that.
      this.#types.set(type, { ms: ms < Infinity ? Math.min(seen, SHORT_MS / 2) : seen, idle });
    } else {
      known.ms = known.ms < seen ? Math.min(seen, known.ms * RAISE) : Math.max(seen, known.ms / LOWER);
      known.idle += WEIGHT * (idle - known.idle);
    }
  }
}
