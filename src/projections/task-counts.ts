import { z } from 'zod';
import { TASK_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { asOf } from './time-travel.ts';

/** How many tasks are looked at, so that counting costs the same however many there were; of the past, each is folded from its stream. */
export const MOST_COUNTED = 50_000;
const MOST_OF_THE_PAST = 2000;

/** How many of the latest tasks there are in each state that any of them is in. */
export interface TaskCounts {
  readonly counts: Partial<Record<(typeof TASK_STATES)[number], number>>;
  /** How many tasks these are. */
  readonly looked_at: number;
  /** Whether there may be older ones. */
  readonly more: boolean;
}

/** Counts the latest tasks by their states, as they are, or as they were at a time of the past. */
export async function countLatestTasks(at?: Date): Promise<TaskCounts> {
  const most = at === undefined ? MOST_COUNTED : MOST_OF_THE_PAST;
  const latest =
    at === undefined
      ? sql.fragment`select state from pulp.task order by enqueued_at desc limit ${most}`
      : sql.fragment`
          select past.state
          from (select id from pulp.task where enqueued_at <= ${asOf(at)} order by enqueued_at desc limit ${most}) known
          cross join lateral pulp.task_at(${asOf(at)}, known.id) past`;
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ state: z.enum(TASK_STATES), count: z.number() }))`
      select state, count(*)::integer as count from (${latest}) t group by state`),
  );
  const counted = rows.reduce((sum, { count }) => sum + count, 0);
  return {
    counts: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    looked_at: counted,
    more: counted === most,
  };
}
