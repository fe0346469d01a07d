import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import { checkMembersApart } from './payload.ts';
import { resourceNames, type Resource } from './resource.ts';

/** How often claims of a resource are granted at most. */
export interface Rate {
  /** So many, from 1 to 1,000,000, … */
  readonly count: number;
  /** … within any so many seconds, from 0.1 to those of 31 days. */
  readonly seconds: number;
}

/** Why a limit is changed. */
export interface LimitOptions {
  /** Text of 16,384 bytes at most. */
  readonly reason?: string | undefined;
}

/**
 * Says how many units there are of a resource: an exclusive claim takes all of them, a shared one takes one, or as many as it asks for.
 * What is held stays held, also where there are fewer units now. For operators.
 *
 * @param capacity from 1 to 1,000,000; null: without limit
 * @throws PulpError INVALID_INPUT, NOT_ALLOWED, DATABASE_UNREACHABLE and others of the database
 */
export async function setCapacity(
  resource: Resource,
  capacity: number | null,
  { reason }: LimitOptions = {},
): Promise<void> {
  const [name = ''] = resourceNames([resource], 'resource');
  checkMembersApart({ name, reason });
  await askingOnce((pool) =>
    pool.query(sql.unsafe`select pulp.set_capacity(${name}, ${capacity}, ${reason ?? null})`),
  );
}

/**
 * Says how many claims of a resource are granted at most within a time. For operators.
 *
 * @param rate null: without limit
 * @throws PulpError INVALID_INPUT, NOT_ALLOWED, DATABASE_UNREACHABLE and others of the database
 */
export async function setRate(
  resource: Resource,
  rate: Rate | null,
  { reason }: LimitOptions = {},
): Promise<void> {
  const [name = ''] = resourceNames([resource], 'resource');
  checkMembersApart({ name, reason });
  await askingOnce((pool) =>
    pool.query(
      sql.unsafe`select pulp.set_rate(${name}, ${rate?.count ?? null}, ${rate?.seconds ?? null}, ${reason ?? null})`,
    ),
  );
}
