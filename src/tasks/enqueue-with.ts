import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import type { TaskType } from './define-task.ts';
import { enqueueBy, writeTasks } from './enqueue.ts';
import type { RequestOptions } from './typed-request.ts';
import { toColumns } from './task-columns.ts';
import { TaskHandle } from './task-handle.ts';

/** Anything that runs a statement with parameters on one connection, as the clients of `pg` do. */
export interface QueryClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

const standing = z.tuple([z.object({ id: z.string() })]);

/**
 * Enqueues a task in a transaction of the caller's own: it is there when that is committed, and never was if that is rolled back.
 * Nothing is repeated here, since only the caller can repeat his transaction.
 *
 * @param client where the transaction is open; without one, the task is there at once
 * @throws as `enqueueWithReservation`; the transaction cannot go on then, as after any error in Postgres
 */
export async function enqueueWith<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType, Result>(
  client: QueryClient,
  task: TaskType<ArgsSchema, KwargsSchema, Result> | string,
  ...[options]: RequestOptions<ArgsSchema, KwargsSchema>
): Promise<TaskHandle<Result>> {
  const [id = ''] = await enqueueBy([{ ...options, task }], async (named) => {
    const written = await writeTasks(named);
    try {
      const { rows } = await client.query(
        'select unnest(pulp.enqueue_columns($1, $2, $3, $4, $5, $6, $7)) as id',
        [...toColumns(written)],
      );
      return standing.parse(rows).map(({ id }) => id);
    } catch (error) {
      throw error instanceof PulpError ? error : toPulpError(error);
    }
  });
  return new TaskHandle(id);
}
