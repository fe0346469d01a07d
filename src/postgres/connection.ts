import type { DatabasePool } from 'slonik';
import { resolveAddress } from './address/resolve.ts';
import { perDatabase } from './current-database.ts';
import { getDatabaseUrl } from './database-url.ts';
import type { ClientLimits } from './dedicated-client.ts';
import { wasNeverAsked } from './sql-error.ts';
import { Semaphore } from './semaphore.ts';

/** Connections of one process beside its worker's session: for enqueueing, canceling, reading and heartbeats. */
export const POOL_SIZE = 5;

/** What takes a connection of the pool for as long as it lasts. */
const CONNECTING_METHODS: ReadonlySet<string | symbol> = new Set<keyof DatabasePool>([
  'any',
  'anyFirst',
  'connect',
  'exists',
  'many',
  'manyFirst',
  'maybeOne',
  'maybeOneFirst',
  'one',
  'oneFirst',
  'query',
  'record',
  'transaction',
]);

const state = perDatabase((): { pool: Promise<DatabasePool> | undefined } => ({ pool: undefined }));

/**
 * The pool of this process, made at first use (pulpcore's `get_redis_connection`). It reaches `DATABASE_URL`, else the
 * embedded server (see `getDatabaseUrl`); within the work of a `Pulp`, its database. Connections that nobody uses keep no process alive.
 *
 * @throws PulpError if the embedded server cannot be started; whether another can be reached shows at the first query
 */
export function getConnection(): Promise<DatabasePool> {
  const own = state();
  if (own.pool === undefined) {
    const opening = getDatabaseUrl().then((url) => openPool(url));
    own.pool = opening;
    opening.catch(() => {
      if (own.pool === opening) own.pool = undefined; // the next caller may have better luck
    });
  }
  return own.pool;
}

/**
 * Makes a pool of its own to another address; its rows are typed as those of `getConnection()`. It connects when it is used.
 * Whatever happens to the server, nobody waits for it without end; when it is back, the pool is as new.
 */
export async function openPool(databaseUrl: string, limits: ClientLimits = {}): Promise<DatabasePool> {
  const { createPool } = await import('slonik');
  const { createPoolDriver } = await import('./pool-driver.ts');
  const address = resolveAddress(databaseUrl);
  const opened = await createPool(address, {
    driverFactory: createPoolDriver(address, limits),
    maxPoolSize: POOL_SIZE * 2, // never reached: see `inTurn`
    idleTimeout: 10_000,
    connectionRetryLimit: 0, // `retrying` does that
    captureStackTrace: false,
    resetConnection: () => Promise.resolve(), // our statements leave nothing behind in a session: save the round trip
  });
  return inTurn(opened);
}

/** Ends the pool of this process, if it was ever used; a later `getConnection()` makes a new one. */
export async function closeConnection(): Promise<void> {
  const own = state();
  const ending = own.pool;
  own.pool = undefined;
  const opened = await ending?.catch(() => undefined); // whoever wanted it was told
  await opened?.end();
}

/**
 * Has the users of a pool wait in front of it. In its own line they would be forgotten when a connection fails that was
 * being made for one of them.
 */
function inTurn(pool: DatabasePool): DatabasePool {
  const semaphore = new Semaphore(POOL_SIZE);
  const use = async (method: (...args: unknown[]) => Promise<unknown>, args: unknown[]) => {
    try {
      return await method(...args);
    } catch (error) {
      // Without a server, those who wait would only find out one after the other.
      const { acquiredConnections, idleConnections } = pool.state();
      if (wasNeverAsked(error) && acquiredConnections + idleConnections === 0) semaphore.rejectWaiters(error);
      throw error;
    }
  };
  return new Proxy(pool, {
    get(target, key) {
      const property: unknown = Reflect.get(target, key);
      if (!CONNECTING_METHODS.has(key)) return property;
      const method = property as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => semaphore.pass(() => use(method, args));
    },
  });
}
