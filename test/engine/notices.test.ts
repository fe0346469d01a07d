import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';

test('no function sends a notification but by pulp.notify, which never waits for a standby', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const { rows } = await client.query<{ name: string }>(
    `select proname as name from pg_proc
     where pronamespace = 'pulp'::regnamespace and prosrc ~* '(pg_notify|\\mnotify\\M *[a-z_]+ *[;,])' order by 1`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['notify', 'send_notices'],
  );
});
