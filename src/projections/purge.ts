import { sql } from '../postgres/sql.ts';
import { z } from 'zod';
import type { TASK_FINAL_STATES } from '../constants.ts';
import { MissingResourceError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';

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
  const pool = await getConnection();
  let purged = 0;
  let at: string | null = null;
  let id: string | null = null;
  do {
    const most = Number.isFinite(limit) ? limit - purged : null;
    const step: z.infer<typeof stepRow> = await retrying(() =>
      pool.one(sql.type(stepRow)`
        select after_enqueued_at::text, after_id::text, purged
        from pulp.purge_tasks(${finishedBefore.toISOString()}::timestamptz, ${BATCH}, most => ${most}::integer,
          after_enqueued_at => ${at}::timestamptz, after_id => ${id}::uuid ${ofStates(states)})`),
    );
    purged += step.purged;
    at = step.after_enqueued_at;
    id = step.after_id;
  } while (id !== null && purged < limit);
  return purged;
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
  return retrying(() =>
    pool.oneFirst(sql.type(z.object({ id: z.string() }))`
      select pulp.request_purge(${finishedBefore.toISOString()}::timestamptz, ${sql.array([...(states ?? [])], 'text')},
        ${correlation ?? null}) as id`),
  );
}

/** Purges what was requested for a task, as `purgeTasks` does; gives how many were purged. Aborted, it can be run again. */
export async function purgeAsRequested(
  task: string,
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (purged: number) => void },
): Promise<number> {
  const pool = await getConnection();
  let purged = 0;
  let at: string | null = null;
  let id: string | null = null;
  do {
    signal.throwIfAborted();
    const step: z.infer<typeof stepRow> = await retrying(() =>
      pool.one(sql.type(stepRow)`
        select after_enqueued_at::text, after_id::text, purged
        from pulp.purge_as_requested(${task}, ${BATCH}, ${at}::timestamptz, ${id}::uuid)`),
    );
    purged += step.purged;
    onStep(purged);
    at = step.after_enqueued_at;
    id = step.after_id;
  } while (id !== null);
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
  return retrying(() =>
    pool.oneFirst(sql.type(z.object({ purged: z.boolean() }))`select pulp.purge_task(${id}) as purged`),
  );
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
        and ${states === undefined ? sql.fragment`true` : sql.fragment`state = any (${sql.array([...states], 'text')})`}`),
  );
  return Math.min(found, limit);
}

function ofStates(states: PurgeOptions['states']) {
  return states === undefined ? sql.fragment`` : sql.fragment`, states => ${sql.array([...states], 'text')}`;
}
