import type { Client } from 'pg';

/** How many events are folded at once, about: some seconds. What is sorted for it takes some hundred megabytes of temporary files. */
const SLICE_EVENTS = 1_000_000;

/** One part of all tasks of the log, of about the size of the others: see `pulp.is_in_slice`. */
export interface Slice {
  readonly slice: number;
  readonly slices: number;
}

/** All tasks of the log in slices, for several clients to work off: each gets another one. */
export class LogSlices {
  /** How many events there are in all. */
  readonly events: number;
  readonly #slices: number;
  #next = 0;

  private constructor(events: number, slices: number) {
    this.events = events;
    this.#slices = slices;
  }

  /** Divides the log as this client sees it, into as many slices at least as there are clients. */
  static async of(client: Client, clients: number): Promise<LogSlices> {
    const { rows } = await client.query<{ events: number }>(
      'select pulp.count_task_events()::double precision as events',
    );
    const events = rows[0]?.events ?? 0;
    return new LogSlices(events, Math.max(clients, Math.ceil(events / SLICE_EVENTS)));
  }

  /** The next slice; undefined if there is no more. */
  next(): Slice | undefined {
    return this.#next < this.#slices ? { slice: this.#next++, slices: this.#slices } : undefined;
  }

  /** How many events the slices hold, about, that have been given until now. */
  get eventsGiven(): number {
    return Math.round((this.events * this.#next) / this.#slices);
  }
}
