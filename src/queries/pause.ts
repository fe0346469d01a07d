import { z } from 'zod';
import { DEFAULT_QUEUE, PAUSE_KINDS, type PauseKind } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** Something of which nothing begins for now, as `pulp.pause` describes it. */
export interface Pause {
  readonly kind: PauseKind;
  /** Empty: everything. */
  readonly name: string;
  readonly reason: string | null;
  readonly actor: string | null;
  readonly since: Date;
  /** When it goes on by itself; null: when somebody resumes it. */
  readonly until: Date | null;
}

/** What is shown of a pause. */
export const pauseRow = z.object({
  kind: z.enum(PAUSE_KINDS),
  name: z.string(),
  reason: z.string().nullable(),
  actor: z.string().nullable(),
  since: z.date(),
  until: z.date().nullable(),
});

/** What is paused, the oldest first. */
export async function listPauses(): Promise<readonly Pause[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(pauseRow)`
      select kind, name, reason, actor, since, until from pulp.pause
      where until is null or until > clock_timestamp() order by since, kind, name`),
  );
}

/** The queues, or task types, that are known by name. */
export async function knownNames(kind: 'queue' | 'type'): Promise<readonly string[]> {
  const pool = await getConnection();
  const names = z.object({ name: z.string() });
  if (kind === 'type') return pool.anyFirst(sql.type(names)`select name from pulp.task_type order by name`);
  return [
    DEFAULT_QUEUE,
    ...(await pool.anyFirst(sql.type(names)`select name from pulp.queue order by name`)),
  ];
}
