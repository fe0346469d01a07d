import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import { DEFAULT_PG_BOSS_SCHEMA } from '../../src/postgres/pg-boss-schema.ts';
import { connect, createDatabase } from '../support/database.ts';

const QUEUE = 'contract';

suite('what we share with pg-boss', () => {
  for (const priority of [0, 5, -5]) {
    test(`a job of ours (priority ${priority}) is one that pg-boss inserts or sends`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await using boss = await startBoss(database.url);
      const ours = await enqueue(client, { priority });
      const [inserted] =
        (await boss.insert(QUEUE, [{ data: { name: 't' }, priority }], { returnId: true })) ?? [];
      const sent = await boss.send(QUEUE, { name: 't' }, { priority });

      const expected = await readJob(client, inserted);
      assert.deepEqual(await readJob(client, ours), expected);
      assert.deepEqual(await readJob(client, sent), expected);
    });
  }

  test('pg-boss fetches the jobs that start() would take, in the same order', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using boss = await startBoss(database.url);
    const { rows } = await client.query<{ incarnation: string }>(
      `select pulp.worker_online('w', 'localhost', 1, $1, 1,
         '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`,
      [[QUEUE]],
    );
    const enqueued = [];
    for (const priority of [0, 3, 0, -2, 3, 7, 0, -2]) enqueued.push(await enqueue(client, { priority }));
    await enqueue(client, { delay: '1h' });

    const started = [];
    await client.query('begin');
    for (;;) {
      const next = await client.query<{ id: string }>(`select id from pulp.start('w', $1, $2, '{t}', 1)`, [
        rows[0]?.incarnation,
        [QUEUE],
      ]);
      if (next.rows[0] === undefined) break;
      started.push(next.rows[0].id);
    }
    await client.query('rollback');

    const fetched = [];
    for (;;) {
      const [job] = await boss.fetch<{ name: string }>(QUEUE);
      if (job === undefined) break;
      assert.deepEqual(job.data, { name: 't' });
      fetched.push(job.id);
    }
    assert.deepEqual(started, fetched);
    assert.deepEqual(started.toSorted(), enqueued.toSorted());
  });
});

/** pg-boss as it comes, on the schema that our migration installed. */
async function startBoss(url: string): Promise<PgBoss & AsyncDisposable> {
  const boss = new PgBoss({
    connectionString: url,
    schema: DEFAULT_PG_BOSS_SCHEMA,
    supervise: false,
    schedule: false,
  });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  return Object.assign(boss, { [Symbol.asyncDispose]: () => boss.stop({ graceful: false }) });
}

/** Gives the task's id, which is its job's. The queue is made by it. */
async function enqueue(client: Client, options: object): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t', options => $1) as id`, [
    { ...options, queue: QUEUE },
  ]);
  return rows[0]?.id ?? '';
}

/** All columns of a job but its id; of its times only how far they are from each other. */
async function readJob(client: Client, id: string | null | undefined): Promise<Record<string, unknown>> {
  const { rows } = await client.query<{ job: Record<string, unknown> }>(
    `select to_jsonb(job) - array['id', 'created_on', 'start_after', 'keep_until'] || jsonb_build_object(
       'delayed', extract(epoch from start_after - created_on),
       'kept', extract(epoch from keep_until - start_after)) as job
     from pulp_boss.job where id = $1`,
    [id],
  );
  assert.equal(rows.length, 1, 'one job');
  return rows[0]?.job ?? {};
}
