import type { Client, QueryResult } from 'pg';

/** Settings of the server by name. */
export type Settings = Readonly<Record<string, string>>;

/**
 * What our statements rely on, in every session and transaction: roles and databases may have other defaults, and they
 * are nobody's business here. `search_path` and `TimeZone` are not among them, since the pool of a process is its
 * tasks' as well: our own statements name the schema of all that they use, and the offset of times that they write.
 */
export const RELIED_ON: Settings = {
  default_transaction_isolation: 'read committed', // what waits for another transaction goes on with what that one wrote
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  statement_timeout: '0', // the client limits its waiting
  DateStyle: 'ISO', // the others are not understood by `pg`
  IntervalStyle: 'postgres', // as above
  bytea_output: 'hex',
  extra_float_digits: '1', // numbers as they are
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  client_min_messages: 'notice',
};

/** What ends sessions that wait, and must not. */
const NEVER_ENDED: Settings = { idle_session_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** A stranger's lock is waited for, but not without end; the client waits longer, and so learns what was in the way. */
const LOCKS: Settings = { lock_timeout: '30s' };

/** How the server finds out that a client is gone whose system does not say so. */
const LOST_CLIENTS: Settings = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '20s',
};

/** Settings that not every server has: of a later version, or of another system. */
const WHERE_KNOWN: Settings = { transaction_timeout: '0', client_connection_check_interval: '500ms' };

/** SQLSTATE of a server that cannot do what is asked: here, write, since it is a standby. */
const NOT_SUPPORTED = '0A000';

/**
 * Makes the session rely on nothing that role or database set (see `RELIED_ON`), and the server notice soon when the client
 * is gone, so that its statement ends and its locks fall: within half a second when the client's system says so, within
 * half a minute when it just falls silent. It costs one round trip.
 *
 * @param more settings to make by the way
 */
export async function settleSession(client: Client, more: Settings = {}): Promise<void> {
  await client.query(
    assignments('session', { ...RELIED_ON, ...NEVER_ENDED, ...LOCKS, ...LOST_CLIENTS, ...more }),
  );
}

/**
 * Does for the transaction that the client has just begun what `settleSession` does for a session; it leaves nothing
 * behind, which suits a transaction pooler. Its isolation is said at its beginning: see `beginWriting`.
 */
export async function settleTransaction(client: Client): Promise<void> {
  await client.query(assignments('transaction', { ...RELIED_ON, ...NEVER_ENDED, ...LOCKS, ...LOST_CLIENTS }));
}

/** Begins a transaction that may write, each statement of which sees what was committed before it, whatever the defaults are. */
export async function beginWriting(client: Client): Promise<QueryResult> {
  try {
    return await client.query('begin isolation level read committed, read write');
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_SUPPORTED) throw error;
    return client.query('begin'); // a standby, which the first that is written will say
  }
}

/**
 * Whether role or database have set something else than what our statements rely on. Behind a transaction pooler it cannot
 * be set for the session, and has to be for each transaction.
 */
export async function isUnsettled(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ differs: boolean }>(
    `select exists (
       select from unnest($1::text[], $2::text[]) as relied_on(name, value)
       where split_part(current_setting(name), ',', 1) <> value) as differs`,
    [Object.keys(RELIED_ON), Object.values(RELIED_ON)],
  );
  return rows[0]?.differs === true;
}

/** A statement without parameters that makes all of these settings. */
function assignments(scope: 'session' | 'transaction', settings: Settings): string {
  const isLocal = scope === 'transaction';
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', '${value}', ${isLocal})`,
  );
  const optional = Object.entries(WHERE_KNOWN).map(
    ([name, value]) => `
    begin
      perform set_config('${name}', '${value}', ${isLocal});
    exception when undefined_object or invalid_parameter_value then null;
    end;`,
  );
  return `select ${calls.join(', ')}; do $$ begin${optional.join('')} end $$`;
}
