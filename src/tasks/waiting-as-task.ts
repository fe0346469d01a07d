import type { TaskState } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { awaitFinal } from '../waiting/wait-for-tasks.ts';

/**
 * Waits, in the name of a task that runs, until another one is final; gives that one's state. The database knows of it as long, so that
 * nobody waits in a circle.
 *
 * @throws PulpError WOULD_DEADLOCK, at once, if the other one could not end before this one; the reason of the signal
 */
export async function awaitFinalAsTask(waiter: string, id: string, signal: AbortSignal): Promise<TaskState> {
  const pool = await getConnection();
  await retrying(() => pool.query(sql.unsafe`select pulp.begin_wait(${waiter}, ${id})`));
  try {
    return await awaitFinal(id, signal);
  } finally {
    await retrying(() => pool.query(sql.unsafe`select pulp.end_wait(${waiter}, ${id})`));
  }
}
