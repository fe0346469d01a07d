import { createPool, createTypeParserPreset, type DatabasePool } from 'slonik';
import { getDatabaseUrl } from './database-url.ts';

/** Connections of one process beside its worker's session: for enqueueing, cancelling, reading and heartbeats. */
const POOL_SIZE = 5;

let pool: Promise<DatabasePool> | undefined;

/**
 * The pool of this process, made at first use (the seed's `get_redis_connection`). It reaches `DATABASE_URL`, else the
 * embedded server.
 */
export function getConnection(): Promise<DatabasePool> {
  pool ??= getDatabaseUrl().then(openPool);
  return pool;
}

/** Makes a pool of its own to another address; its rows are typed as those of `getConnection()`. */
export function openPool(databaseUrl: string): Promise<DatabasePool> {
  return createPool(databaseUrl, {
    maximumPoolSize: POOL_SIZE,
    idleTimeout: 10_000,
    connectionTimeout: 10_000,
    statementTimeout: 120_000,
    captureStackTrace: false,
    resetConnection: () => Promise.resolve(), // our statements leave nothing behind in a session: save the round trip
    typeParsers: [
      ...createTypeParserPreset().filter((parser) => !['timestamptz', 'int8'].includes(parser.name)),
      { name: 'timestamptz', parse: (text) => new Date(text) },
      { name: 'int8', parse: Number }, // positions and counts, far below 2^53
    ],
  });
}

/** Ends the pool of this process, if it was ever used; a later `getConnection()` makes a new one. */
export async function closeConnection(): Promise<void> {
  const ending = pool;
  pool = undefined;
  if (ending !== undefined) await (await ending).end();
}
