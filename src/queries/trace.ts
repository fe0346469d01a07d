import { z } from 'zod';
import { TASK_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** A task of a trace. */
export const tracedRow = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(TASK_STATES),
  parent_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  attempt: z.number(),
  worker: z.string().nullable(),
  enqueued_at: z.date(),
  started_at: z.date().nullable(),
  finished_at: z.date().nullable(),
  /** Seconds until its latest start; until its end or now if it never started. */
  waited_seconds: z.number(),
  /** Seconds since its latest start, until its end or now; null if it never started. */
  ran_seconds: z.number().nullable(),
});

/** A task and the tasks that were enqueued in its run. */
export interface TracedTask extends z.infer<typeof tracedRow> {
  readonly children: readonly TracedTask[];
}

/** What belongs together. */
export interface Trace {
  readonly correlation_id: string;
  /** How many tasks there are in the tree. */
  readonly tasks: number;
  /** Whether some were left out. */
  readonly more: boolean;
  /** Tasks that no other task of the trace enqueued, the oldest first. */
  readonly roots: readonly TracedTask[];
}

/**
 * The tasks of a correlation, or of the correlation of a task whose id is given, and all that was enqueued in their runs.
 * Undefined if there are none.
 *
 * @param limit how many tasks at most
 */
export async function readTrace(idOrCorrelation: string, limit: number): Promise<Trace | undefined> {
  const pool = await getConnection();
  const id = asUuid(idOrCorrelation);
  const correlation =
    (id &&
      (await retrying(() =>
        pool.maybeOneFirst(sql.type(z.object({ correlation_id: z.string().nullable() }))`
          select correlation_id from pulp.task where id = ${id}`),
      ))) ??
    idOrCorrelation;
  // A task that gives the correlation its own id is not in the index of correlations: it is found by that id.
  const rows = await retrying(() =>
    pool.any(sql.type(tracedRow)`
      with recursive seed as (
        select id from pulp.task where correlation_id = ${correlation} and correlation_id <> id::text
        union all
        select id from pulp.task where id = ${asUuid(correlation)} and correlation_id = id::text
      ),
      member as (
        select id from seed
        union
        select child.id from member join pulp.task child on child.parent_id = member.id
      )
      select t.id, name, state, parent_id, correlation_id, attempt, worker, enqueued_at, started_at, finished_at,
        extract(epoch from coalesce(started_at, finished_at, clock_timestamp()) - enqueued_at)::double precision as waited_seconds,
        extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::double precision as ran_seconds
      from (select id from member limit ${limit + 1}) m
      join pulp.task t on t.id = m.id
      order by enqueued_at, position`),
  );
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, limit);
  return {
    correlation_id: correlation,
    tasks: shown.length,
    more: rows.length > limit,
    roots: plant(shown),
  };
}

function asUuid(text: string): string | null {
  return z.guid().safeParse(text).success ? text.toLowerCase() : null;
}

/** Puts tasks under those that enqueued them. Callers may say anything of parents: a ring is cut at its oldest task. */
function plant(rows: readonly z.infer<typeof tracedRow>[]): TracedTask[] {
  const known = new Set(rows.map(({ id }) => id));
  const childrenOf = Map.groupBy(rows, ({ parent_id }) => parent_id);
  const grow = (row: z.infer<typeof tracedRow>): TracedTask => {
    known.delete(row.id);
    const children = (childrenOf.get(row.id) ?? []).filter(({ id }) => known.has(id));
    return { ...row, children: children.map(grow) };
  };
  const roots = rows.filter(({ parent_id }) => parent_id === null || !known.has(parent_id)).map(grow);
  for (const row of rows) if (known.has(row.id)) roots.push(grow(row));
  return roots;
}
