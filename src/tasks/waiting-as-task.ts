import type { TaskState } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { awaitFinal } from '../waiting/wait-for-tasks.ts';

/** How often which task waits for which other one in this process: the database knows of it once. */
const waits = perDatabase(() => new Map<string, number>());

/**
 * Waits, in the name of a task that runs, until another one is final; gives that one's state. The database knows of it as long, so that
 * nobody waits in a circle.
 *
 * @throws PulpError WOULD_DEADLOCK, at once, if the other one could not end before this one; the reason of the signal
 */
export async function awaitFinalAsTask(waiter: string, id: string, signal: AbortSignal): Promise<TaskState> {
  const pool = await getConnection();
  const known = waits();
  const wait = `${waiter} ${id}`;
  known.set(wait, (known.get(wait) ?? 0) + 1);
  try {
    await retrying(() => pool.query(sql.unsafe`select pulp.begin_wait(${waiter}, ${id})`));
    return await awaitFinal(id, signal);
  } finally {
    const others = (known.get(wait) ?? 1) - 1;
    if (others > 0) known.set(wait, others);
    else {
      known.delete(wait);
      await retrying(() => pool.query(sql.unsafe`select pulp.end_wait(${waiter}, ${id})`));
    }
  }
}
