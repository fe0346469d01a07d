import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql, textArray } from '../postgres/sql.ts';

/** What an event can be about. Heartbeats are signs of life of workers: many, and kept for a short time only. */
export const EVENT_KINDS = ['task', 'worker', 'resource', 'system', 'heartbeat'] as const;

/** One of `EVENT_KINDS`. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** The kinds that state is folded from, which are read where none are named. */
const RECORD_KINDS = EVENT_KINDS.filter((kind) => kind !== 'heartbeat');

/** The cursor before the first event of a log. */
const LOG_START = '0:0';

/** How many events one statement looks at: of those that it picks out of others it looks at more than it can return. */
const PAGE_EVENTS = 1000;
const FILTERED_EVENTS = 10_000;

/** How many bytes of facts, as they are stored, one statement brings before it stops. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** A row of the view `pulp.event`, with its cursor. */
export const eventRow = z.object({
  cursor: z.string(),
  position: z.number(),
  stream_kind: z.enum(EVENT_KINDS),
  stream_id: z.string(),
  version: z.number(),
  type: z.string(),
  schema_version: z.number(),
  data: z.unknown(),
  correlation_id: z.string().nullable(),
  causation_id: z.string().nullable(),
  actor: z.string().nullable(),
  recorded_at: z.date(),
  session_user: z.string().nullable(),
});

/**
 * An event as the view `pulp.event` shows it; the comments on its columns say what each means. `cursor` is the place from
 * which reading goes on after it: keep it together with what you made of the event.
 */
export type LogEvent = Readonly<z.infer<typeof eventRow>>;

/** What a statement gives: how far it got, and with it an event or, if it found none, nothing. */
const pageRow = z.union([
  eventRow.extend({ reached: z.string(), caught_up: z.boolean() }),
  z.object({ reached: z.string(), caught_up: z.boolean(), cursor: z.null() }),
]);

/** Which events to read; what is left out does not narrow. */
export interface EventFilter {
  /** Default: all but heartbeats, and these too if `types` has theirs. */
  readonly kinds?: readonly EventKind[] | undefined;
  readonly types?: readonly string[] | undefined;
  /** Of the stream of this id: a task's id, a worker's name. Heartbeats belong to no stream. */
  readonly stream?: string | undefined;
  /** Caused by this one: who is said to have, or whose login it was. */
  readonly actor?: string | undefined;
  /** Recorded at or after this time. Without a cursor, reading begins shortly before it. */
  readonly since?: Date | undefined;
}

/** Where to read on, and how much. */
export interface ReadOptions extends EventFilter {
  /** The cursor of an event or a page: what comes after it is read. Default: from the beginning. */
  readonly after?: string | undefined;
  /** How many events at most. A page may hold fewer although there are more: see `caughtUp`. */
  readonly limit?: number | undefined;
}

/** Some events, in the order of the log. */
export interface EventPage {
  readonly events: readonly LogEvent[];
  /** Where to read on: all that comes before it was looked at. */
  readonly cursor: string;
  /** Whether there was nothing more to read when it was read. */
  readonly caughtUp: boolean;
}

/**
 * Reads the next page of the log. A reader that goes on from each page's cursor gets every event exactly once, whatever transactions
 * write meanwhile: an event is shown when all that could still come before it is decided. So one transaction that stays
 * open holds back what others wrote after it began. Events of one stream come in the order of their versions.
 *
 * @throws PulpError INVALID_INPUT if the cursor is none, or none of this log
 * @throws LogRewoundError if the cursor is of a history that the log left: what was seen then may not have happened here
 */
export async function readEvents({
  after,
  since,
  limit = Infinity,
  ...filter
}: ReadOptions = {}): Promise<EventPage> {
  const { types, stream, actor } = filter;
  const kinds = filter.kinds ?? (types?.includes('WorkerHeartbeat') === true ? EVENT_KINDS : RECORD_KINDS);
  if (stream !== undefined && kinds.includes('heartbeat')) {
    throw new PulpError('INVALID_INPUT', 'a stream has no heartbeats', {
      remedy: 'Read either the stream or the heartbeats.',
      exitCode: 2,
    });
  }
  const begin = after ?? (since === undefined ? LOG_START : await cursorAt(since));
  const isFiltered = types !== undefined || actor !== undefined;
  const window = isFiltered ? FILTERED_EVENTS : Math.min(limit, PAGE_EVENTS);
  const wanted = sql.fragment`${types === undefined ? sql.fragment`true` : sql.fragment`type = any (${textArray(types)})`}
    and ${actor === undefined ? sql.fragment`true` : sql.fragment`${actor} in (actor, "session_user")`}`;
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(pageRow)`
      with seen as materialized (
        select ordinality, pulp.event_cursor(tx, position) as cursor, position, stream_kind, stream_id, version, type, schema_version,
          data, correlation_id, causation_id, actor, recorded_at, "session_user"
        from pulp.events_after(${begin}, ${window}, ${textArray(kinds)}, ${stream ?? null},
          ${since?.toISOString() ?? '-infinity'}::timestamptz) with ordinality
      ),
      matching as materialized (
        select *, sum(pg_column_size(data)) over (order by ordinality) - pg_column_size(data) as bytes_before
        from seen where ${wanted}
      ),
      kept as materialized (
        select * from matching where bytes_before < ${PAGE_BYTES}
      ),
      reached as (
        select coalesce(
          case when exists (select from matching where bytes_before >= ${PAGE_BYTES})
            then (select cursor from kept order by ordinality desc limit 1) end,
          (select cursor from seen where ordinality = ${window})) as cursor
      )
      select coalesce(reached.cursor, pulp.event_horizon()) as reached, reached.cursor is null as caught_up, kept.*
      from reached left join kept on true
      order by kept.ordinality`),
  );
  const found = rows.flatMap((row) => (row.cursor === null ? [] : [toEvent(row)]));
  const events = found.slice(0, limit);
  const last = events.at(-1);
  const cut = events.length < found.length && last !== undefined;
  return {
    events,
    cursor: cut ? last.cursor : (rows[0]?.reached ?? begin),
    caughtUp: !cut && rows[0]?.caught_up === true,
  };
}

/** The cursor that only what is recorded from now on comes after, and what is being recorded by open transactions. */
export async function currentCursor(): Promise<string> {
  const pool = await getConnection();
  return retrying(() =>
    pool.oneFirst(sql.type(z.object({ cursor: z.string() }))`select pulp.event_horizon() as cursor`),
  );
}

/**
 * A cursor that everything recorded since a moment comes after, together with some that is older. Events of transactions that
 * had been open for more than an hour at that moment may come before it.
 */
async function cursorAt(moment: Date): Promise<string> {
  const pool = await getConnection();
  return retrying(() =>
    pool.oneFirst(
      sql.type(z.object({ cursor: z.string() }))`
        select pulp.event_cursor_at(${moment.toISOString()}::timestamptz) as cursor`,
    ),
  );
}

function toEvent(row: LogEvent): LogEvent {
  return {
    cursor: row.cursor,
    position: row.position,
    stream_kind: row.stream_kind,
    stream_id: row.stream_id,
    version: row.version,
    type: row.type,
    schema_version: row.schema_version,
    data: row.data,
    correlation_id: row.correlation_id,
    causation_id: row.causation_id,
    actor: row.actor,
    recorded_at: row.recorded_at,
    session_user: row.session_user,
  };
}
