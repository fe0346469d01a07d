import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** The tasks that wait, of those that the caller may see; undefined: more than so many wait, or the lists of them are not whole. */
export async function readWaiting(atMost: number): Promise<string[] | undefined> {
  const pool = await getConnection();
  const ids = await retrying(() =>
    pool.oneFirst(sql.type(z.object({ ids: z.array(z.string()).nullable() }))`
      select pulp.waiting_ids(${atMost}) as ids`),
  );
  return ids ?? undefined;
}

/** The names of task types that tasks are of and that contain a text; undefined: there are more types than so many, or the caller may not see all. */
export async function readTaskNames(containing: string, atMost: number): Promise<string[] | undefined> {
  const pool = await getConnection();
  const names = await retrying(() =>
    pool.oneFirst(sql.type(z.object({ names: z.array(z.string()).nullable() }))`
      select pulp.task_names(${containing}, ${atMost}) as names`),
  );
  return names ?? undefined;
}
