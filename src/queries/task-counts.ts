import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { TASK_STATES } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { asOf } from './time-travel.ts';

/** How many tasks are looked at where they have to be counted: so it costs the same however many there were. Of the past, each is folded. */
const MOST = 50_000;
const MOST_OF_THE_PAST = 2000;

/** How many tasks there are in each state that any of them is in. */
export interface TaskCounts {
  readonly counts: Partial<Record<(typeof TASK_STATES)[number], number>>;
  /** How many tasks these are. */
  readonly looked_at: number;
  /** Whether these are the latest alone, and there may be older ones. */
  readonly more: boolean;
}

/**
 * Counts tasks by their states. As they are now, it is known of all; for who may see his own alone, and for times of the past, the latest
 * are counted.
 */
export async function countTasksByState(at?: Date): Promise<TaskCounts> {
  if (at !== undefined) {
    const latest = sql.fragment`
      select past.state, 1 as tasks
      from (
        select id from pulp.task where enqueued_at <= ${asOf(at)} order by enqueued_at desc limit ${MOST_OF_THE_PAST}
      ) known
      cross join lateral pulp.task_at(${asOf(at)}, known.id) past`;
    return summed(latest, MOST_OF_THE_PAST);
  }
  try {
    return await summed(sql.fragment`select state, tasks from pulp.task_counts()`, Infinity);
  } catch (error) {
    if (!(error instanceof PulpError) || error.code !== 'NOT_ALLOWED') throw error;
    const latest = sql.fragment`select state, 1 as tasks from pulp.task order by enqueued_at desc limit ${MOST}`;
    return summed(latest, MOST);
  }
}

/** @param most how many tasks are looked at */
async function summed(counts: FragmentSqlToken, most: number): Promise<TaskCounts> {
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ state: z.enum(TASK_STATES), tasks: z.number() }))`
      select state, sum(tasks)::double precision as tasks from (${counts}) c group by state having sum(tasks) > 0`),
  );
  const counted = rows.reduce((sum, { tasks }) => sum + tasks, 0);
  return {
    counts: Object.fromEntries(rows.map(({ state, tasks }) => [state, tasks])),
    looked_at: counted,
    more: counted === most,
  };
}
