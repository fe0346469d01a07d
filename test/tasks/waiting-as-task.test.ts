import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeConnection } from '../../src/index.ts';
import { awaitFinalAsTask } from '../../src/tasks/waiting-as-task.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { WorkerSession } from '../engine/worker-session.ts';

test('a task that waits for another one twice does so until the last of both is over', async () => {
  await using database = await createDatabase();
  await using worker = await WorkerSession.open(database.url);
  process.env['DATABASE_URL'] = database.url;
  try {
    const waiter = await worker.enqueue();
    await worker.startOne();
    const other = await worker.enqueue();
    const awaited = async () => {
      const { rows } = await worker.client.query<{ awaits: string[] | null }>(
        'select awaits from pulp.running',
      );
      return rows[0]?.awaits ?? [];
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => awaitFinalAsTask(waiter, other, signal));
    await until(async () => (await awaited()).length > 0);
    first.abort(new Error('waited long enough'));
    await assert.rejects(waits[0] ?? Promise.resolve(), /long enough/);
    assert.deepEqual(await awaited(), [other]);
    second.abort(new Error('so did the other'));
    await assert.rejects(waits[1] ?? Promise.resolve(), /the other/);
    assert.deepEqual(await awaited(), []);
  } finally {
    await closeConnection();
    delete process.env['DATABASE_URL'];
  }
});
