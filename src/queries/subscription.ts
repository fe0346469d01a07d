import { z } from 'zod';
import type { FragmentSqlToken } from 'slonik';
import { SUBSCRIPTION_KINDS, SUBSCRIPTION_STATES } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

export const subscriptionRow = z.object({
  name: z.string(),
  kinds: z.array(z.enum(SUBSCRIPTION_KINDS)),
  types: z.array(z.string()).nullable(),
  names: z.array(z.string()).nullable(),
  stream: z.string().nullable(),
  url: z.string().nullable(),
  give_up_seconds: z.number().nullable(),
  owner: z.string().nullable(),
  state: z.enum(SUBSCRIPTION_STATES),
  reason: z.string().nullable(),
  changed_at: z.date(),
  changed_by: z.string().nullable(),
  created_at: z.date(),
  version: z.number(),
  cursor: z.string(),
  given: z.number(),
  read_at: z.date().nullable(),
  failures: z.number(),
  failing_since: z.date().nullable(),
  last_error: z.string().nullable(),
  next_attempt_at: z.date().nullable(),
  /** How many events it has not looked at, and whether there are more; null: that is not known. */
  lag_events: z.number().nullable(),
  lag_more: z.boolean().nullable(),
  /** How old the first of these is. */
  lag_seconds: z.number().nullable(),
});

/** A subscription as the table `pulp.subscription` shows it, with how far it is behind. */
export type Subscription = z.infer<typeof subscriptionRow>;

/** Subscriptions by name. @param after those that come after this one */
export function listSubscriptions({
  limit,
  after = '',
}: {
  readonly limit: number;
  readonly after?: string | undefined;
}): Promise<readonly Subscription[]> {
  return read(sql.fragment`name > ${after} order by name limit ${limit}`);
}

/** One subscription. @throws PulpError MISSING_SUBSCRIPTION */
export async function readSubscription(name: string): Promise<Subscription> {
  const [subscription] = await read(sql.fragment`name = ${name}`);
  if (subscription !== undefined) return subscription;
  throw new PulpError('MISSING_SUBSCRIPTION', `there is no subscription ${JSON.stringify(name)}`, {
    remedy: '`pulp subscription list` shows those known.',
    exitCode: 3,
  });
}

async function read(which: FragmentSqlToken): Promise<readonly Subscription[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(subscriptionRow)`
      select s.name, kinds, types, names, stream, url, give_up_seconds, owner, state, reason, changed_at, changed_by, created_at, version,
        cursor, given, read_at, failures, failing_since, last_error, next_attempt_at, l.events as lag_events, l.more as lag_more,
        l.seconds as lag_seconds
      from (select * from pulp.subscription where ${which}) s
      left join lateral pulp.subscription_lag(s.name) l on true
      order by s.name`),
  );
}
