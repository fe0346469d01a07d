import { connectDedicated } from '../postgres/dedicated-client.ts';
import { refuseTransactionPooling } from '../postgres/session-pooling.ts';
import { isConnectionFailure, toPulpError } from '../postgres/sql-error.ts';

/**
 * Checks that a worker could work with this database. `away`: it cannot be reached now, which a worker waits for.
 *
 * @throws PulpError if it is reached and stands against it: a refused account, no schema, a transaction pooler
 */
export async function checkDatabase(databaseUrl: string): Promise<'ready' | 'away'> {
  try {
    const client = await connectDedicated(databaseUrl, 'pulp worker check of settings');
    try {
      await refuseTransactionPooling(client, databaseUrl);
      await client.query('select from pulp.worker limit 0');
      return 'ready';
    } finally {
      await client.end();
    }
  } catch (error) {
    if (isConnectionFailure(error)) return 'away';
    throw toPulpError(error);
  }
}
