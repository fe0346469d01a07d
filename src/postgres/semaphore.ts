/**
 * Lets so many in at once; the others wait in line, in the order in which they came. When there is nothing to wait for
 * any more, all who wait can be turned away.
 */
export class Semaphore {
  #places: number;
  readonly #line: PromiseWithResolvers<void>[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** Does a piece of work when its turn has come; rejects if it was turned away before. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#places > 0) {
      this.#places--;
    } else {
      const turn = Promise.withResolvers<void>();
      this.#line.push(turn);
      await turn.promise;
    }
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#places++;
      else next.resolve();
    }
  }

  /** Turns everybody away who waits. */
  rejectWaiters(reason: unknown): void {
    for (const turn of this.#line.splice(0)) turn.reject(reason);
  }
}
