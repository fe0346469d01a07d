import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** What is shown of a hold. */
export const holdRow = z.object({
  id: z.string(),
  state: z.enum(['waiting', 'granted']),
  exclusive_resources: z.array(z.string()),
  shared_resources: z.array(z.string()),
  reason: z.string().nullable(),
  actor: z.string().nullable(),
  requested_at: z.date(),
  granted_at: z.date().nullable(),
  /** When it ends by itself; null: when it is let go of. */
  until: z.date().nullable(),
  fence: z.coerce.number().nullable(),
});

/** Resources that are held, or waited for, without a task. */
export type Hold = z.infer<typeof holdRow>;

/** The holds that stand in line or are granted, the oldest first. */
export async function listHolds(): Promise<readonly Hold[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(holdRow)`
      select id, state, exclusive_resources, shared_resources, reason, actor, requested_at, granted_at, until, fence
      from pulp.hold order by position limit 1000`),
  );
}
