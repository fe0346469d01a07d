import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { isDirect, openClient } from './dedicated-client.ts';

/** How long a look at a pooler may wait for a backend, in milliseconds: it may have none free. */
const LOOK_MS = 1000;

/** How often to look: while others use the pooler, two looks may meet different backends by chance. */
const LOOKS = 3;

/**
 * Makes sure that the client has its session for itself. Behind a pooler that gives out backends by the transaction (or by
 * the statement), locks and notifications of a client belong to whoever comes next. Without a pooler this costs a round
 * trip; with one it takes at most 3 s.
 *
 * @param client that is connected, with no transaction open
 * @param databaseUrl where it is connected to
 * @param signal as in `ClientLimits`
 * @throws PulpError TRANSACTION_POOLING if it has not
 */
export async function refuseTransactionPooling(
  client: Client,
  databaseUrl: string,
  signal?: AbortSignal,
): Promise<void> {
  if (await isDirect(client)) return;
  const openOther = () =>
    openClient(databaseUrl, {
      applicationName: 'pulp check',
      connectTimeoutMs: LOOK_MS,
      answerTimeoutMs: LOOK_MS,
      ...(signal && { signal }),
    });
  if (!(await isShared(client, openOther))) return;
  throw new PulpError('TRANSACTION_POOLING', 'the address of the database leads to a transaction pooler', {
    remedy: 'Give workers an address of the server itself, or of a pooler in session mode.',
  });
}

/** Whether one backend serves both of these clients, or several serve the first. */
async function isShared(client: Client, openOther: () => Promise<Client>): Promise<boolean> {
  const own = await backendOf(client);
  let other: Client | undefined;
  try {
    other = await openOther();
    for (let look = 0; look < LOOKS; look++) {
      await other.query('begin'); // keeps its backend from now on
      if ((await backendOf(other)) === own) return true;
      // If they share one pool, the backends that are left may all be taken.
      const now = backendOf(client);
      await Promise.race([now, pause(LOOK_MS, undefined, { ref: false })]);
      await other.query('rollback');
      if ((await now) !== own) return true;
    }
  } catch (error) {
    // No backend for the other one, which happens where each client has its own; or no transactions at all.
    return error instanceof Error && error.message.includes('statement pooling');
  } finally {
    await other?.end();
  }
  return (await backendOf(client)) !== own;
}

async function backendOf(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
