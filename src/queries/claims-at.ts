import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { asOf } from './time-travel.ts';

/** A claim as it stood at a moment. */
export const claimAtRow = z.object({
  resource: z.string(),
  task_id: z.string(),
  name: z.string(),
  mode: z.enum(['exclusive', 'shared']),
  worker: z.string().nullable(),
  state: z.enum(['waiting', 'granted']),
  requested_at: z.date(),
  granted_at: z.date().nullable(),
});

/** A claim as it stood at a moment. */
export type ClaimAt = z.infer<typeof claimAtRow>;

/** The claims on all resources, or on one, as they stood at a moment, in the order of their lines. Of tasks that were not purged since. */
export async function readClaimsAt(at: Date, limit: number, resource?: string): Promise<readonly ClaimAt[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(claimAtRow)`
      select resource, task_id, name, mode, worker, state, requested_at, granted_at
      from pulp.claims_at(${asOf(at)}, ${resource ?? null}, ${limit})`),
  );
}
