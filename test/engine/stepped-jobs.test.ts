import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { WorkerSession } from './worker-session.ts';

test('what was delivered before the clock was put back does not wait until it is there again', async () => {
  await using database = await createDatabase();
  await using worker = await WorkerSession.open(database.url);
  const [delivered, stray] = [await worker.enqueue(), await worker.enqueue()];
  for (const [id, startAfter] of [
    [delivered, '2 hours'],
    [stray, 'infinity'],
  ]) {
    await worker.client.query(
      `update pulp_boss.job set start_after = case $2 when 'infinity' then 'infinity' else now() + $2::interval end where id = $1`,
      [id, startAfter],
    );
  }
  assert.deepEqual(await worker.start(10), []);
  await worker.client.query('select pulp.mend_delivery()');
  assert.deepEqual(
    (await worker.start(10)).map(({ id }) => id),
    [delivered],
  );
});
