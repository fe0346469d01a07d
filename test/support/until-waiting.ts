import type { Client } from 'pg';
import { until } from './until.ts';

/** Waits until so many sessions of this client's database wait for a lock. */
export async function untilWaiting(client: Client, sessions = 1): Promise<void> {
  await until(async () => {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rowCount === sessions;
  });
}
