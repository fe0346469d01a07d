import { z } from 'zod';
import { RETENTION_KINDS, TASK_FINAL_STATES, type RetentionKind } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import { checkMembersApart, writePayload } from '../tasks/payload.ts';

/** Of tasks, by final state: for how many seconds after its end each stays in `pulp.task`. */
export const keptTasks = z.partialRecord(
  z.enum(TASK_FINAL_STATES),
  z.union([z.number(), z.literal('never').describe('It is never purged by itself.')]),
);

/** Of the log: for how many seconds after its end a month stays in it, and the folder for its file. */
export const keptLog = z.strictObject({ seconds: z.number(), folder: z.string() });

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

/** What is said of for how long something is kept; null takes back what was said of tasks in that state. */
export type Keep =
  Partial<Record<(typeof TASK_FINAL_STATES)[number], number | 'never' | null>> | z.infer<typeof keptLog>;

/** What is said of for how long things are kept: of all tasks, of queues, of types, of the log. What nothing is said of is kept for ever. */
export async function listRetention(): Promise<readonly Retention[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(retentionRow)`
      select kind, name, keep, actor, since from pulp.retention
      order by array_position('{all,queue,type,log}', kind), name`),
  );
}

/**
 * Says for how long tasks stay in `pulp.task` after their end, or months in the log: the leader purges, or archives, what was kept for
 * so long. What is said of a type goes before what is said of its queue, and that before what is said of all. For operators.
 *
 * @param name of the queue or the type; none for all and log
 * @throws PulpError INVALID_INPUT, NOT_ALLOWED and others of the database
 */
export async function setRetention(kind: RetentionKind, name: string | undefined, keep: Keep): Promise<void> {
  checkMembersApart({ name });
  const written = writePayload(keep, 'keep');
  const pool = await getConnection();
  try {
    await pool.query(sql.unsafe`select pulp.set_retention(${kind}, ${name ?? null}, ${written}::jsonb)`);
  } catch (error) {
    throw toPulpError(error);
  }
}

/**
 * Takes back what was said of for how long something is kept. For operators.
 *
 * @throws PulpError NO_RETENTION, INVALID_INPUT, NOT_ALLOWED and others of the database
 */
export async function clearRetention(kind: RetentionKind, name?: string): Promise<void> {
  checkMembersApart({ name });
  const pool = await getConnection();
  try {
    await pool.query(sql.unsafe`select pulp.clear_retention(${kind}, ${name ?? null})`);
  } catch (error) {
    throw toPulpError(error);
  }
}
