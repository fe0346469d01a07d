import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createDatabase } from '../support/database.ts';
import { WorkerSession } from './worker-session.ts';

/** Jobs that were taken and stay in the index: walking past them takes longer than a look does else. */
const TAKEN = 400_000;

/** How long a job that came late may be passed over, in milliseconds. */
const LATE_MS = 10_000;

test('beside a transaction that holds an old snapshot', async (t) => {
  await using database = await createDatabase();
  await using worker = await WorkerSession.open(database.url);
  await using late = await connect(database.url);
  await using holder = await connect(database.url);
  await using client = await connect(database.url);
  await worker.enqueue();
  await worker.startOne();
  await late.query('begin');
  const lateId = await enqueue(late);
  await client.query(
    `insert into pulp_boss.job (id, name, data)
     select gen_random_uuid(), 'default', '{"name": "t"}' from generate_series(1, $1)`,
    [TAKEN],
  );
  await holder.query('begin isolation level repeatable read');
  await holder.query('select count(*) from pulp.worker');
  await client.query('delete from pulp_boss.job');
  const ids = [await enqueue(client), await enqueue(client), await enqueue(client), await enqueue(client)];

  await t.test('it is told that there is one, and who holds it', async () => {
    const { rows } = await client.query<{ holder: string }>(`select pulp.old_snapshot('0 s') as holder`);
    // Other databases of the cluster count, too: it need not be ours that is the oldest.
    assert.match(
      rows[0]?.holder ?? '',
      /^(process \d+.*, whose transaction is open since 20|the prepared transaction )/,
    );
  });

  const look = async (): Promise<number> => {
    const began = performance.now();
    await worker.client.query('begin');
    await worker.client.query(`select ids from pulp.next_jobs('{default}', '{t}', 1)`);
    const took = performance.now() - began;
    await worker.client.query('rollback');
    return took;
  };
  const forget = () => worker.client.query(`set pulp.fronts = ''`);

  await t.test('a look that walked for long leads to shorter ones', async () => {
    const long: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await forget();
      long.push(await look());
    }
    assert.equal((await worker.startOne()).id, ids[0]);
    const short: number[] = [];
    for (let round = 0; round < 3; round += 1) short.push(await look());
    assert.ok(Math.min(...short) < Math.min(...long) / 3, `${Math.min(...short)} of ${Math.min(...long)} ms`);
  });

  await t.test('what is of higher priority comes first all the same, of lower last', async () => {
    const low = await enqueue(client, { priority: -1 });
    const high = await enqueue(client, { priority: 1 });
    const order: string[] = [];
    for (let rest = 5; rest > 0; rest -= 1) order.push((await worker.startOne()).id);
    assert.deepEqual(order, [high, ...ids.slice(1), low]);
  });

  await t.test('what came late is not passed over for long', async () => {
    await forget();
    const first = await enqueue(client);
    await enqueue(client);
    assert.equal((await worker.startOne()).id, first);
    await late.query('commit');
    const began = performance.now();
    for (;;) {
      const [run] = await worker.start(1);
      if (run?.id === lateId) break;
      await enqueue(client);
      assert.ok(performance.now() - began < LATE_MS + 1000);
      await pause(50);
    }
  });
});

async function enqueue(
  client: Awaited<ReturnType<typeof connect>>,
  options: object = {},
): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t', options => $1) as id`, [
    options,
  ]);
  return rows[0]?.id;
}

test('what a role says of the fronts of queues is not believed', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await client.query(
    `do $$ begin execute format('alter database %I set pulp.fronts = ''nonsense''', current_database()); end $$`,
  );
  await using worker = await WorkerSession.open(database.url);
  const id = await worker.enqueue();
  assert.equal((await worker.startOne()).id, id);
});
