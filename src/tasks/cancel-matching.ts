import { z } from 'zod';
import { TASK_STATES, type TaskState } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { countTasks, listTasks, type Task } from '../projections/task.ts';
import type { TaskFilter } from '../projections/task-filter.ts';
import { checkMembersApart } from './payload.ts';

/** What can be cancelled: what is being cancelled, or is over, stays as it is. */
const CANCELABLE = ['waiting', 'running'] as const satisfies readonly TaskState[];

/** How many tasks one call cancels at most; there may be more of them, see `more`. */
export const MOST_CANCELED = 1000;

/** Up to how many are counted beforehand. */
const MOST_COUNTED = 10_000;

/** How many of them are shown beforehand. */
const SAMPLE = 10;

/** How many are cancelled by one transaction: so short a time it holds locks. */
const AT_ONCE = 20;

/** What a call would cancel. */
export interface CancelPreview {
  /** How many these are; not more than 10,000 are counted. */
  readonly matched: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** The newest of them. */
  readonly sample: readonly Task[];
}

/** What a call has cancelled. */
export interface CanceledMatching {
  /** How many tasks it came upon. */
  readonly matched: number;
  /** How many of them are in which state after it. */
  readonly states: Partial<Record<TaskState, number>>;
  /** Whether there are more: call again with the same filter. */
  readonly more: boolean;
}

/** Tells which tasks `cancelMatching` would cancel; changes nothing. */
export async function previewCancel(filter: TaskFilter): Promise<CancelPreview> {
  const cancelable = cancelableOf(filter);
  const [count, sample] = await Promise.all([
    countTasks(cancelable, MOST_COUNTED + 1),
    listTasks({ ...cancelable, limit: SAMPLE, withoutPayloads: true }),
  ]);
  return { matched: Math.min(count, MOST_COUNTED), more: count > MOST_COUNTED, sample };
}

/**
 * Cancels the tasks that a filter finds, as `cancel` does each. The newest first: so nobody who waits behind one of them, and is to be
 * cancelled too, starts meanwhile. What was cancelled stays so, whatever happens to the rest; calling again goes on.
 *
 * @param atMost how many, up to `MOST_CANCELED`
 * @throws PulpError INVALID_INPUT for the reason; DATABASE_UNREACHABLE and others of the database
 */
export async function cancelMatching(
  filter: TaskFilter,
  { reason, atMost = MOST_CANCELED }: { readonly reason?: string | undefined; readonly atMost?: number } = {},
): Promise<CanceledMatching> {
  checkMembersApart({ reason });
  const found = await listTasks({ ...cancelableOf(filter), limit: atMost + 1, withoutPayloads: true });
  const ids = found.slice(0, atMost).map(({ id }) => id);
  const states: Partial<Record<TaskState, number>> = {};
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    for (const state of await cancelThese(ids.slice(first, first + AT_ONCE), reason)) {
      states[state] = (states[state] ?? 0) + 1;
    }
  }
  return { matched: ids.length, states, more: found.length > atMost };
}

function cancelableOf(filter: TaskFilter): TaskFilter {
  const asked = filter.states ?? (filter.state === undefined ? CANCELABLE : [filter.state]);
  return { ...filter, state: undefined, states: CANCELABLE.filter((state) => asked.includes(state)) };
}

/** Their states after it; one that was purged meanwhile has none. */
async function cancelThese(
  ids: readonly string[],
  reason: string | undefined,
): Promise<readonly TaskState[]> {
  const pool = await getConnection();
  const cancel = (some: readonly string[]) =>
    retrying(() =>
      pool.anyFirst(sql.type(z.object({ state: z.enum(TASK_STATES) }))`
        select pulp.cancel(id, ${reason ?? null}) as state
        from unnest(${sql.array([...some], 'uuid')}) with ordinality as t(id, place) order by place`),
    );
  try {
    return await cancel(ids);
  } catch (error) {
    if (!(error instanceof PulpError) || error.code !== 'MISSING_RESOURCE') throw error;
    if (ids.length === 1) return [];
    return (await Promise.all(ids.map((id) => cancelThese([id], reason)))).flat();
  }
}
