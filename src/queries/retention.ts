import { z } from 'zod';
import { RETENTION_KINDS, TASK_FINAL_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** Of tasks, by final state: for how many seconds after its end each stays in `pulp.task`. */
export const keptTasks = z.partialRecord(
  z.enum(TASK_FINAL_STATES),
  z.union([z.number(), z.literal('never').describe('It is never purged by itself.')]),
);

/** Of the log: for how many seconds after its end a month stays in it, and the folder for its file. */
export const keptLog = z.strictObject({ seconds: z.number(), folder: z.string() });

export type KeptLog = z.infer<typeof keptLog>;

export const retentionRow = z.object({
  kind: z.enum(RETENTION_KINDS),
  /** Of the queue or the type. */
  name: z.string(),
  keep: z.union([keptTasks, keptLog]),
  actor: z.string().nullable(),
  since: z.date(),
});

/** For how long something is kept, as the table `pulp.retention` shows it. */
export type Retention = z.infer<typeof retentionRow>;

/** What is said of for how long things are kept: of all tasks, of queues, of types, of the log. What nothing is said of is kept for ever. */
export async function listRetention(): Promise<readonly Retention[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(retentionRow)`
      select kind, name, keep, actor, since from pulp.retention
      order by array_position('{all,queue,type,log}', kind), name`),
  );
}
