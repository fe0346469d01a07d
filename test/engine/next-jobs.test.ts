import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { WorkerSession } from './worker-session.ts';

test('a look that was held up, but walked past nothing, is not taken for a long one', async () => {
  await using database = await createDatabase();
  await using worker = await WorkerSession.open(database.url);
  await using other = await connect(database.url);
  await worker.enqueue();
  await other.query('begin; lock table pulp_boss.job in access exclusive mode');
  const look = worker.client.query(`select ids from pulp.next_jobs('{default}', '{t}', 1)`);
  await other.query('select pg_sleep(0.05)');
  await other.query('commit');
  await look;
  const { rows } = await worker.client.query(`select current_setting('pulp.fronts', true) as fronts`);
  assert.deepEqual(rows, [{ fronts: '' }]);
});
