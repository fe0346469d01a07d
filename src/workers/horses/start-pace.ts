/** For how long one waits on a crowded host before another horse is started there, in milliseconds: without any yet, and else. */
const FIRST_MS = 1000;
const NEXT_MS = 3000;

/**
 * How many horses may start now. On a crowded host each one more makes all others late that start there, and the heartbeats of
 * their workers: so one that can wait does, for a while.
 */
export class StartPace {
  readonly #isCrowded: () => boolean;
  #heldSince: number | undefined;

  constructor(isCrowded: () => boolean) {
    this.#isCrowded = isCrowded;
  }

  /** Whether some were wanted at the last look and may not start yet. */
  get isHolding(): boolean {
    return this.#heldSince !== undefined;
  }

  /** @param present how many there are */
  admit(wanted: number, present: number, now = performance.now()): number {
    const since = this.#heldSince ?? now;
    this.#heldSince = undefined;
    if (wanted === 0 || !this.#isCrowded()) return wanted;
    if (now - since >= (present === 0 ? FIRST_MS : NEXT_MS)) return 1;
    this.#heldSince = since;
    return 0;
  }
}
