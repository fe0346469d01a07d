import assert from 'node:assert/strict';
import type { Client } from 'pg';
import type { Run } from './worker-session.ts';

/** How a run ended, as a worker reports it, with what belongs to any of the outcomes. */
export const ended = (run: Run, outcome: string) => ({
  ...run,
  outcome,
  result: 1,
  error: { code: 'BROKEN' },
  reason: 'no',
});

/** Lets the leader look until there is nothing more to look at, at so much at a time. */
export async function settle(client: Client, batch = 1000): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ more: boolean; error: unknown }>(
      'select more, error from pulp.grant_reservations($1)',
      [batch],
    );
    assert.equal(rows[0]?.error, null);
    if (!rows[0].more) return;
  }
}
