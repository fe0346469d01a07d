/** How soon after a look that found nothing a notification leads to another, in milliseconds. */
const PAUSE_MS = 5;

/**
 * Paces the looks that notifications of one channel lead to. Anybody may send them, as many as he likes: after a look the next one
 * comes a moment later for all that were heard meanwhile, unless that look found something to do.
 */
export class NoticePace {
  readonly #look: () => void;
  #lookedAt = -Infinity;
  #isDue = false;

  constructor(look: () => void) {
    this.#look = look;
  }

  /** A notification came. */
  hear(): void {
    if (this.#isDue) return;
    const waitMs = this.#lookedAt + PAUSE_MS - performance.now();
    if (waitMs <= 0) this.#lookNow();
    else {
      this.#isDue = true;
      setTimeout(() => {
        this.#isDue = false;
        this.#lookNow();
      }, waitMs);
    }
  }

  /** A look found something: it was no vain notification. */
  found(): void {
    this.#lookedAt = -Infinity;
  }

  #lookNow(): void {
    this.#lookedAt = performance.now();
    this.#look();
  }
}
