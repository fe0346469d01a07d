import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from './connection.ts';
import { getDatabaseUrl } from './database-url.ts';
import { openClient } from './dedicated-client.ts';
import { retrying } from './retry.ts';
import { beginWriting, settleTransaction } from './session-settings.ts';
import { sql } from './sql.ts';
import { isConnectionFailure, reasonOf, toPulpError } from './sql-error.ts';

/** How often to ask for the end of a transaction that the server has not given up yet, in milliseconds. */
const POLL_MS = 100;

/** How long to ask; a server gives up the transaction of a client that fell silent before that, see `settleTransaction`. */
const PATIENCE_MS = 120_000;

/**
 * Runs one transaction on a connection of its own, which may take as long as it likes, whatever limits role or database
 * have: the server ends it only with its client. It is not repeated. If the
 * answer to its commit is lost, the server is asked how it ended: what this returns, and what it throws, is the truth.
 */
export async function inTransaction<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await retrying(connect);
  try {
    await beginWriting(client);
    await settleTransaction(client);
    const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
    const result = await work(client);
    try {
      // A pooler would hand what was prepared here to the next client.
      await client.query('deallocate all; commit');
    } catch (error) {
      if (!isConnectionFailure(error) || !(await wasCommitted(rows[0]?.id ?? ''))) throw error;
    }
    return result;
  } catch (error) {
    if (error instanceof PulpError || !isConnectionFailure(error)) throw toPulpError(error);
    throw new PulpError(
      'DATABASE_UNREACHABLE',
      `lost the database; nothing was written: ${reasonOf(error)}`,
      {
        remedy: 'Run it again.',
        cause: error,
      },
    );
  } finally {
    await client.end();
  }
}

async function connect(): Promise<Client> {
  return openClient(await getDatabaseUrl(), { applicationName: 'pulp enqueue' });
}

/** @throws PulpError OUTCOME_UNKNOWN if the server cannot be asked, or does not know for too long */
async function wasCommitted(transaction: string): Promise<boolean> {
  const status = sql.type(
    z.object({ status: z.string() }),
  )`select pg_xact_status(${transaction}::xid8) as status`;
  try {
    const pool = await getConnection();
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const answer = await retrying(() => pool.oneFirst(status));
      if (answer !== 'in progress') return answer === 'committed';
      await pause(POLL_MS);
    }
    throw new Error(`the transaction is still in progress after ${PATIENCE_MS / 1000} s`);
  } catch (error) {
    throw new PulpError(
      'OUTCOME_UNKNOWN',
      'the connection to the database was lost during the commit, and it cannot be asked whether it did',
      { remedy: 'When it is back, see by `pulp task list` whether they are there.', cause: error },
    );
  }
}
