import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';

test('who is due first gets in line first, from whichever table the planner goes', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  // Statistics of a table that was emptied make it look like the smaller side of a join.
  await client.query(`select pulp.enqueue('t') from generate_series(1, 100)`);
  await client.query('vacuum analyze pulp.task');
  await client.query('delete from pulp.task');
  await client.query('analyze pulp.task');

  // The ids are in the opposite order.
  const enqueued = [];
  for (const number of [3, 2, 1])
    enqueued.push(await enqueueForLater(client, `00000000-0000-4000-8000-00000000000${number}`));
  await client.query(`update pulp.deferred set due_at = due_at - interval '1 hour'`);
  await client.query('select pulp.grant_reservations()');
  const { rows } = await client.query<{ stream_id: string }>(
    `select stream_id from pulp.event where type = 'TaskDue' order by position`,
  );
  assert.deepEqual(
    rows.map((row) => row.stream_id),
    enqueued,
  );
});

async function enqueueForLater(client: Client, id: string): Promise<string> {
  await client.query(`select pulp.enqueue('t', resources => '{/a/}', options => $1)`, [{ id, delay: '1h' }]);
  return id;
}
