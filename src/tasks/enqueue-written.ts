import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { StandingTasks } from './standing-tasks.ts';
import { toColumns, type WrittenTask } from './task-columns.ts';

const standing = z.object({ ids: z.string() });

/** How many tasks go to the database in one statement. */
const BATCH = 1000;

/**
 * Enqueues tasks that are written as JSON already, in order, all or none, and gives the ids of the tasks that stand for them: their own,
 * but where another one holds the same unique key.
 *
 * @param onBatch told of the index of the first task of each batch before it is sent: refusals count from there
 */
export async function enqueueWritten(
  tasks: readonly WrittenTask[],
  onBatch: (from: number) => void = () => undefined,
): Promise<string[]> {
  const pool = await getConnection();
  return retrying(() => {
    onBatch(0);
    if (tasks.length <= BATCH) return enqueueBatch(pool, tasks);
    return pool.transaction(async (transaction) => {
      const ids: string[] = [];
      const standing = new StandingTasks();
      for (let from = 0; from < tasks.length; from += BATCH) {
        onBatch(from);
        const batch = tasks.slice(from, from + BATCH).map((task) => standing.afterThem(task));
        const enqueued = await enqueueBatch(transaction, batch);
        standing.note(batch, enqueued);
        ids.push(...enqueued);
      }
      return ids;
    });
  });
}

async function enqueueBatch(
  connection: CommonQueryMethods,
  tasks: readonly WrittenTask[],
): Promise<string[]> {
  const columns = sql.join(
    toColumns(tasks).map((column) => sql.fragment`${column}::jsonb`),
    sql.fragment`, `,
  );
  // As one text: the driver reads an array of a thousand ids far more slowly.
  const ids = await connection.oneFirst(
    sql.type(standing)`select array_to_string(pulp.enqueue_columns(${columns}), ' ') as ids`,
  );
  return ids === '' ? [] : ids.split(' ');
}
