import { z } from 'zod';
import { TASK_STATES, type TaskState } from '../constants.ts';
import { MissingResourceError, PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { checkMembersApart } from './payload.ts';

/** A task after something was done to it. */
export interface TaskAfter {
  readonly id: string;
  readonly state: TaskState;
}

const taskState = z.enum(TASK_STATES);
const taskPlace = z.object({ id: z.string(), position: z.string() });
const taskAfter = z.object({ id: z.string(), state: taskState });

/**
 * Has a task run again that failed, was canceled or skipped: it goes on in its own history, its attempts count on. One that waits or
 * runs stays as it is. Safe against a lost answer: what is asked for again then is done once.
 *
 * @returns its state after it
 * @param reason text of 16,384 bytes at most, without NUL characters
 * @throws MissingResourceError if there is no such task; PulpError NOT_RETRIABLE if it is completed; INVALID_INPUT for the reason;
 *   DATABASE_UNREACHABLE and others of the database
 */
export async function retry(taskId: string, reason?: string): Promise<TaskState> {
  if (!z.guid().safeParse(taskId).success) throw new MissingResourceError(taskId);
  checkMembersApart({ reason });
  const [seen] = await placesOf([taskId]);
  if (seen === undefined) throw new MissingResourceError(taskId);
  const pool = await getConnection();
  try {
    return await retrying(() =>
      pool.oneFirst(
        sql.type(z.object({ state: taskState }))`
          select pulp.retry(${taskId}, ${reason ?? null}, ${seen.position}::bigint) as state`,
      ),
    );
  } catch (error) {
    if (error instanceof PulpError && error.code === 'MISSING_RESOURCE')
      throw new MissingResourceError(taskId);
    throw error;
  }
}

/** What to do to many tasks at once. */
export type Act =
  | { readonly verb: 'cancel' | 'retry'; readonly reason?: string | undefined }
  | { readonly verb: 'set'; readonly priority?: number | undefined; readonly queue?: string | undefined };

/**
 * Does the same to many tasks in one transaction; those to whom it does not apply stay as they are.
 *
 * @returns the states after it of those that are there
 * @param ids UUIDs, a thousand at most, so that nothing is locked for long
 * @throws PulpError INVALID_INPUT for the reason, the priority or the queue; DATABASE_UNREACHABLE and others of the database
 */
export async function actOn(ids: readonly string[], act: Act): Promise<readonly TaskAfter[]> {
  checkMembersApart(act);
  const done = await callOf(ids, act);
  const pool = await getConnection();
  return retrying(() => pool.any(sql.type(taskAfter)`select id, state from ${done}`));
}

/** What does it, and may be asked for again where the answer is lost. */
async function callOf(ids: readonly string[], act: Act): Promise<ReturnType<typeof sql.fragment>> {
  const tasks = sql.array(ids, 'uuid');
  switch (act.verb) {
    case 'cancel':
      return sql.fragment`pulp.cancel_tasks(${tasks}, ${act.reason ?? null})`;
    case 'retry': {
      const seen = await placesOf(ids);
      const known = seen.map(({ id }) => id);
      const positions = seen.map(({ position }) => position);
      return sql.fragment`
        pulp.retry_tasks(${sql.array(known, 'uuid')}, ${act.reason ?? null}, ${sql.array(positions, 'int8')})`;
    }
    case 'set':
      return sql.fragment`pulp.set_tasks(${tasks}, ${act.priority ?? null}, ${act.queue ?? null})`;
  }
}

/**
 * Where tasks stand that are there, in the order of their ids here. It changes when one is run again: so whoever asks for that a second time,
 * since the answer was lost, has it done once.
 */
async function placesOf(ids: readonly string[]): Promise<readonly z.infer<typeof taskPlace>[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(taskPlace)`
      select t.id, t.position::text as position
      from unnest(${sql.array(ids, 'uuid')}) with ordinality as i(id, ordinality) join pulp.task t using (id)
      order by i.ordinality`),
  );
}
