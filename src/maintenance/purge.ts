import type { QuerySqlToken } from 'slonik';
import { z } from 'zod';
import type { TASK_FINAL_STATES } from '../constants.ts';
import { MissingResourceError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sqlFailure } from '../postgres/sql-error.ts';
import { sql, textArray } from '../postgres/sql.ts';
import { newTaskId } from '../new-task-id.ts';

/** How many tasks one transaction looks at. */
const BATCH = 1000;

/** Which tasks to purge: only such as are over. */
export interface PurgeOptions {
  /** Those that became final before this time. */
  readonly finishedBefore: Date;
  /** Those in one of these states; default: in any final one. */
  readonly states?: readonly (typeof TASK_FINAL_STATES)[number][] | undefined;
  /** How many at most; default: all. */
  readonly limit?: number | undefined;
}

const stepRow = z.object({
  after_enqueued_at: z.string().nullable(),
  after_id: z.string().nullable(),
  purged: z.number(),
});

/**
 * Takes tasks that are over out of `pulp.task`, in short transactions that disturb nobody. Their histories stay in the log
 * until their leaf is archived. It may be broken off at any time, and run again, also beside another purge.
 *
 * @returns how many were purged
 */
export async function purgeTasks({
  finishedBefore,
  states,
  limit = Infinity,
}: PurgeOptions): Promise<number> {
  return inSteps(
    (place, purged) => sql.type(stepRow)`
      select after_enqueued_at::text, after_id::text, purged
      from pulp.purge_tasks(${finishedBefore.toISOString()}::timestamptz, ${BATCH},
        most => ${Number.isFinite(limit) ? limit - purged : null}::integer,
        after_enqueued_at => ${place.at}::timestamptz, after_id => ${place.id}::uuid ${ofStates(states)})`,
    (purged) => purged < limit,
    limit === Infinity, // one that was done twice would take more
  );
}

/**
 * Has a purge made by a task, on behalf of whoever may purge; gives the task's id.
 *
 * @param correlation what joins it to others of one request; default: its own id
 */
export async function requestPurge(
  { finishedBefore, states }: Required<Omit<PurgeOptions, 'limit'>>,
  correlation?: string,
): Promise<string> {
  const pool = await getConnection();
  const id = newTaskId();
  return retrying(() =>
    pool.oneFirst(sql.type(z.object({ id: z.string() }))`
      select pulp.request_purge(${finishedBefore.toISOString()}::timestamptz, ${textArray(states ?? [])},
        ${correlation ?? null}, ${id}) as id`),
  );
}

/** Purges what was requested for a task, as `purgeTasks` does; gives how many were purged. Aborted, it can be run again. */
export async function purgeAsRequested(
  task: string,
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (purged: number) => void },
): Promise<number> {
  return inSteps(
    (place) => {
      signal.throwIfAborted();
      return sql.type(stepRow)`
        select after_enqueued_at::text, after_id::text, purged
        from pulp.purge_as_requested(${task}, ${BATCH}, ${place.at}::timestamptz, ${place.id}::uuid)`;
    },
    (purged) => {
      onStep(purged);
      return true;
    },
  );
}

/** Where a step of a purge goes on; null: it is the first. */
interface Place {
  readonly at: string | null;
  readonly id: string | null;
}

/** Purges step by step, each a transaction, as long as there is more and it is to go on; gives how many were purged. */
async function inSteps(
  step: (place: Place, purged: number) => QuerySqlToken<typeof stepRow>,
  goesOn: (purged: number) => boolean,
  isRepeatable = true,
): Promise<number> {
  const pool = await getConnection();
  let purged = 0;
  let place: Place = { at: null, id: null };
  do {
    const query = step(place, purged);
    const done = await retrying(() => pool.one(query), { isRepeatable });
    purged += done.purged;
    place = { at: done.after_enqueued_at, id: done.after_id };
  } while (goesOn(purged) && place.id !== null);
  return purged;
}

/**
 * Purges one task that is over; says whether it did, or it is not over.
 *
 * @throws MissingResourceError if there is none
 */
export async function purgeTask(id: string): Promise<boolean> {
  if (!z.guid().safeParse(id).success) throw new MissingResourceError(id);
  const pool = await getConnection();
  let tries = 0;
  return retrying(async () => {
    tries += 1;
    try {
      return await pool.oneFirst(
        sql.type(z.object({ purged: z.boolean() }))`select pulp.purge_task(${id}) as purged`,
      );
    } catch (error) {
      // Done by the try before, whose answer was lost.
      if (tries > 1 && sqlFailure(error)?.code === 'PU002') return true;
      throw error;
    }
  });
}

/** How many tasks `purgeTasks` would take; nothing is changed. */
export async function countPurgeable({
  finishedBefore,
  states,
  limit = Infinity,
}: PurgeOptions): Promise<number> {
  const pool = await getConnection();
  const before = finishedBefore.toISOString();
  const found = await retrying(() =>
    pool.oneFirst(sql.type(z.object({ count: z.number() }))`
      select count(*) as count from pulp.task
      where enqueued_at < ${before}::timestamptz and finished_at < ${before}::timestamptz
        and ${states === undefined ? sql.fragment`true` : sql.fragment`state = any (${textArray(states)})`}`),
  );
  return Math.min(found, limit);
}

function ofStates(states: PurgeOptions['states']) {
  return states === undefined ? sql.fragment`` : sql.fragment`, states => ${textArray(states)}`;
}
