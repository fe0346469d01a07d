/** How long a worker that was told to end, and has nothing more to record, waits for an answer, in milliseconds: one that went without a word is dealt with by its guardian and its lease. */
export const FAREWELL_MS = 5000;

/** The same for one that was told to end at once. */
export const AT_ONCE_MS = 1000;

/** The database was asked, and is not waited for any more. */
class GivenUpError extends Error {
  /** What the system says of a connection that was broken off on this side. */
  readonly code = 'ECONNABORTED';

  constructor() {
    super('the database is not waited for any more');
  }
}

type State = 'silent' | 'connecting' | 'asking';

/** How long a worker waits for its database to answer: as long as connections allow, until it is told to end. */
export class Patience {
  readonly #over = new AbortController();
  #limitMs: number | undefined;
  #state: State = 'silent';
  #timer: NodeJS.Timeout | undefined;

  /** Aborted: what was asked is to be broken off. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** From now on an answer may take so long, in milliseconds; undefined: as long as it takes. */
  limit(ms: number | undefined): void {
    if (ms === this.#limitMs) return;
    this.#limitMs = ms;
    this.#watch();
  }

  /** It connects for the first time. As nothing was asked for, any limit ends that at once. */
  connects(): void {
    this.#enter('connecting');
  }

  /** It asks. Asking again after a failure is the same question. */
  asks(): void {
    this.#enter('asking');
  }

  /** All that was asked has been answered. */
  answered(): void {
    this.#enter('silent');
  }

  /** Nothing that could be answered matters any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#over.abort(new GivenUpError());
  }

  #enter(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#limitMs === undefined || this.#state === 'silent') return;
    if (this.#state === 'connecting') this.end();
    else
      this.#timer = setTimeout(() => {
        this.end();
      }, this.#limitMs);
  }
}
