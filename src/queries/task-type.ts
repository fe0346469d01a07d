import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** A task type that workers have published. */
export const taskTypeRow = z.object({
  name: z.string(),
  /** JSON Schemas of `args` and `kwargs`, as far as it has them. */
  schema: z.looseObject({}),
  isolation: z.string(),
  on_worker_loss: z.string(),
  published_by: z.string(),
  published_at: z.date(),
});

/** A task type as `pulp.task_type` shows it. */
export type TaskType = z.infer<typeof taskTypeRow>;

/** How many types are told of. */
const MOST = 1000;

/** The task types that workers have published, by name. */
export async function listTaskTypes(): Promise<readonly TaskType[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(taskTypeRow)`
      select name, schema, isolation, on_worker_loss, published_by, published_at
      from pulp.task_type order by name limit ${MOST}`),
  );
}
