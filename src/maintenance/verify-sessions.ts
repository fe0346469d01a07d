import type { Client } from 'pg';
import { openClient, settleDirectSession } from '../postgres/dedicated-client.ts';
import { settleTransaction } from '../postgres/session-settings.ts';
import { toPulpError } from '../postgres/sql-error.ts';

/** A fold takes a core of the server; a worker wants one, too. */
const SESSIONS = 2;

/** How long a look at a whole log may go unanswered, in milliseconds. */
const PATIENCE_MS = 24 * 60 * 60 * 1000;

/** Connections for work on the whole log that is divided among them. */
export interface LogSessions extends AsyncDisposable {
  readonly clients: readonly [Client, ...Client[]];
}

/** Connects them. They are in no transaction. */
export async function openSessions(
  databaseUrl: string,
  applicationName: string,
  count = SESSIONS,
): Promise<LogSessions> {
  const clients: Client[] = [];
  const close = async () => {
    await Promise.all(clients.map((client) => client.end()));
  };
  try {
    for (let number = 0; number < count; number++) {
      const client = await openClient(databaseUrl, { applicationName, answerTimeoutMs: PATIENCE_MS });
      clients.push(client);
      await settleDirectSession(client);
    }
  } catch (error) {
    await close();
    throw toPulpError(error);
  }
  return { clients: clients as [Client, ...Client[]], [Symbol.asyncDispose]: close };
}

/** Begins a transaction on each, all of which see the same moment and write nothing. */
export async function shareSnapshot({ clients: [first, ...others] }: LogSessions): Promise<void> {
  await beginReading(first);
  const { rows } = await first.query<{ snapshot: string }>('select pg_export_snapshot() as snapshot');
  for (const client of others) await beginReading(client, rows[0]?.snapshot);
}

async function beginReading(client: Client, snapshot?: string): Promise<void> {
  await client.query('begin isolation level repeatable read, read only');
  if (snapshot !== undefined) {
    await client.query(`set transaction snapshot ${client.escapeLiteral(snapshot)}`);
  }
  await settleTransaction(client);
}
