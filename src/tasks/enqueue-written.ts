import type { CommonQueryMethods } from 'slonik';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { idsOf, toColumns, type WrittenTask } from './task-columns.ts';

/** How many tasks go to the database in one statement. */
const BATCH = 1000;

/**
 * Enqueues tasks that are written as JSON already, in order, all or none, and gives their ids.
 *
 * @param onBatch told of the index of the first task of each batch before it is sent: refusals count from there
 */
export async function enqueueWritten(
  tasks: readonly WrittenTask[],
  onBatch: (from: number) => void = () => undefined,
): Promise<string[]> {
  const pool = await getConnection();
  await retrying(() => {
    onBatch(0);
    if (tasks.length <= BATCH) return enqueueBatch(pool, tasks);
    return pool.transaction(async (transaction) => {
      for (let from = 0; from < tasks.length; from += BATCH) {
        onBatch(from);
        await enqueueBatch(transaction, tasks.slice(from, from + BATCH));
      }
    });
  });
  return idsOf(tasks);
}

async function enqueueBatch(connection: CommonQueryMethods, tasks: readonly WrittenTask[]): Promise<void> {
  const columns = sql.join(
    toColumns(tasks).map((column) => sql.fragment`${column}::jsonb`),
    sql.fragment`, `,
  );
  await connection.query(sql.unsafe`select from pulp.enqueue_columns(${columns})`);
}
