import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { wrongEndings } from './endings.ts';

/** What makes an ending wrong, by what is then said of it. `done` completed, `lost` was canceled with its worker. */
const CORRUPTIONS: Readonly<Record<string, string>> = {
  'has 2 ends': `
    insert into pulp.event_single (stream_kind, stream_id, version, type, data)
    select 'task', stream_id, version + 1, 'TaskCompleted', '{}' from pulp.event
    where type = 'TaskCompleted'`,
  'has 0 ends': `delete from pulp.event_single where type = 'TaskCompleted'`,
  'got TaskFailed though no worker was lost': `update pulp.event_single set type = 'TaskFailed' where type = 'TaskCompleted'`,
  'got TaskFailed when its worker was lost': `update pulp.event_single set type = 'TaskFailed' where type = 'TaskCanceled'`,
  'attempt 1 completed with what attempt 2 gave': `
    update pulp.task set result = '{"attempt": 2}' where state = 'completed'`,
  'got TaskProgressed after its worker was lost': `
    insert into pulp.event_single (stream_kind, stream_id, version, type, data)
    select 'task', stream_id, version + 1, 'TaskProgressed', '{}' from pulp.event
    where type = 'TaskCanceled'`,
};

suite('the checker of endings', { concurrency: true }, () => {
  test('finds nothing where all is well', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    assert.deepEqual(await wrongEndings(client, await makeHistory(client)), []);
  });

  test('finds an acknowledged task that is not there, and one that nobody enqueued', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const [done = '', lost = ''] = await makeHistory(client);
    const absent = randomUUID();
    assert.deepEqual(await wrongEndings(client, [lost, absent]), [
      `task ${absent} was acknowledged and is not there`,
      `task ${done} is there and nobody had an answer for it`,
    ]);
  });

  for (const [wrong, corruption] of Object.entries(CORRUPTIONS)) {
    test(`finds a task that ${wrong}`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      const acknowledged = await makeHistory(client);
      await unpackBatches(client);
      await client.query(`set session_replication_role = replica; ${corruption}`);
      const found = await wrongEndings(client, acknowledged);
      assert(
        found.some((words) => words.includes(wrong)),
        `found only: ${found.join('\n')}`,
      );
    });
  }
});

/** One task that completes, then one whose worker is lost; gives their ids. */
async function makeHistory(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ incarnation: string }>(`
    select pulp.worker_online('w', 'localhost', 1, '{default}', 1,
      '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`);
  const incarnation = rows[0]?.incarnation;
  const begin = async () => {
    await client.query(`select pulp.enqueue('t')`);
    const started = await client.query<{ id: string; attempt: number; fence: string }>(
      `select id, attempt, fence from pulp.start('w', $1, '{default}', '{t}', 1)`,
      [incarnation],
    );
    const [run] = started.rows;
    assert(run);
    return run;
  };
  const done = await begin();
  const outcome = { ...done, outcome: 'completed', result: { attempt: done.attempt } };
  await client.query(`select pulp.finish('w', $1, $2)`, [incarnation, JSON.stringify([outcome])]);
  const lost = await begin();
  await client.query(`select pulp.mark_worker_offline('w')`);
  return [done.id, lost.id];
}
