import type { Client } from 'pg';

export async function refuseTransactionPooling(_client: Client, _databaseUrl: string): Promise<void> {
  await Promise.resolve();
}
