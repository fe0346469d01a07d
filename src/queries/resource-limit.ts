import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** What is shown of the limits of a resource. */
export const limitRow = z.object({
  resource: z.string(),
  /** How many units there are; null: without limit. */
  capacity: z.number().nullable(),
  /** How many of them nobody holds; null: they are not counted. */
  units_free: z.number().nullable(),
  /** How many claims are granted within any `per_seconds`; null: without limit. */
  rate: z.number().nullable(),
  per_seconds: z.number().nullable(),
  reason: z.string().nullable(),
  actor: z.string().nullable(),
  since: z.date(),
});

/** How much there is of a resource, and how often it is granted. */
export type ResourceLimit = z.infer<typeof limitRow>;

/** The limits of this resource, or of all that have any, by name. */
export async function listLimits(resource?: string): Promise<readonly ResourceLimit[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(limitRow)`
      select l.resource, l.capacity, greatest(0, l.capacity - held.units)::integer as units_free, l.rate, l.per_seconds,
        l.reason, l.actor, l.since
      from pulp.resource_limit l
      cross join lateral (
        select coalesce(sum(case g.mode when 'exclusive' then l.capacity else coalesce(g.units, 1) end), 0) as units
        from pulp.reservation g where g.resource = l.resource and g.state = 'granted'
      ) held
      where l.resource = ${resource ?? null} or ${resource ?? null}::text is null
      order by l.resource`),
  );
}
