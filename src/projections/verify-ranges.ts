import type { Client } from 'pg';

/** How many events are folded at once: some hundred milliseconds. */
const RANGE_EVENTS = 50_000;

/** Tasks whose ids lie beyond `after`, up to `upto`; null is no bound. */
export interface Range {
  readonly after: string | null;
  readonly upto: string | null;
  /** About how many events they have. */
  readonly events: number;
}

/** Divides all tasks of the log into ranges, for several clients to work off: each gets another one. */
export class Ranges {
  #after: string | null = null;
  #atEnd = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** The next range, looked up by the client; undefined if there is no more. */
  next(client: Client): Promise<Range | undefined> {
    const range = this.#turn.then(() => this.#advance(client));
    this.#turn = range.catch(() => undefined);
    return range;
  }

  async #advance(client: Client): Promise<Range | undefined> {
    if (this.#atEnd) return undefined;
    const after = this.#after;
    const { rows } = await client.query<{ upto: string | null; events: number }>(
      'select * from pulp.fold_range($1, $2)',
      [after, RANGE_EVENTS],
    );
    const { upto = null, events = 0 } = rows[0] ?? {};
    this.#after = upto;
    this.#atEnd = upto === null;
    return { after, upto, events };
  }
}

/** How many events of tasks there are, as the server's statistics say: for showing progress. */
export async function estimateEvents(client: Client): Promise<number> {
  const { rows } = await client.query<{ events: number }>(
    `select coalesce(sum(greatest(c.reltuples, 0)), 0)::double precision as events
     from pg_partition_tree('pulp.event_task') p join pg_class c on c.oid = p.relid where p.isleaf`,
  );
  return rows[0]?.events ?? 0;
}
