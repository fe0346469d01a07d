import { z } from 'zod';
import { PAUSE_KINDS, type PauseKind } from '../constants.ts';
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
