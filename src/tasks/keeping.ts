import type { RetentionKind, TASK_FINAL_STATES } from '../constants.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import type { KeptLog } from '../queries/retention.ts';
import { checkMembersApart, writePayload } from './payload.ts';

/** What is said of for how long something is kept; null takes back what was said of tasks in that state. */
export type Keep = Partial<Record<(typeof TASK_FINAL_STATES)[number], number | 'never' | null>> | KeptLog;

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
  await askingOnce((pool) =>
    pool.query(sql.unsafe`select pulp.set_retention(${kind}, ${name ?? null}, ${written}::jsonb)`),
  );
}

/**
 * Takes back what was said of for how long something is kept. For operators.
 *
 * @throws PulpError NO_RETENTION, INVALID_INPUT, NOT_ALLOWED and others of the database
 */
export async function clearRetention(kind: RetentionKind, name?: string): Promise<void> {
  checkMembersApart({ name });
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.clear_retention(${kind}, ${name ?? null})`));
}
