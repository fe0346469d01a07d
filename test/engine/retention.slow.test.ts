import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { archiveLeaves } from '../../src/events/archive.ts';
import { enqueueMany } from '../../src/index.ts';
import { purgeTasks } from '../../src/maintenance/purge.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { pastTasks } from '../support/past-tasks.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from '../workers/tasks.ts';
import { PlanRecorder } from './plan-recorder.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

async function count(client: Client, from: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::integer as count from ${from}`);
  return rows[0]?.count ?? NaN;
}

/** A whole purge, in steps of so many tasks; gives how many went. */
async function purge(client: Client, { before = 'now()', batch = 1000, more = '' } = {}): Promise<number> {
  let purged = 0;
  let cursor: { after_enqueued_at: string | null; after_id: string | null } = {
    after_enqueued_at: null,
    after_id: null,
  };
  do {
    const { rows } = await client.query<typeof cursor & { purged: string }>(
      `select after_enqueued_at::text, after_id, purged from pulp.purge_tasks(${before}, $1,
         after_enqueued_at => $2, after_id => $3 ${more})`,
      [batch, cursor.after_enqueued_at, cursor.after_id],
    );
    const [step] = rows;
    assert.ok(step);
    purged += Number(step.purged);
    cursor = step;
  } while (cursor.after_id !== null);
  return purged;
}

suite('purging tasks', () => {
  test('takes what is over, and nothing else, so that the log tells of it no more', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 30);
    await client.query(`select pulp.enqueue('waiting', resources => '{/a/}'), pulp.enqueue('waiting')`);
    await client.query(`select pulp.cancel(pulp.enqueue('canceled'))`);

    assert.equal(await purge(client, { before: `'2025-01-01 00:00:11Z'`, batch: 7 }), 10);
    assert.equal(await purge(client, { more: `, states => '{completed}'` }), 0);
    assert.equal(await purge(client, { before: `now() - interval '1 h'`, more: ', most => 1' }), 1);
    assert.equal(await purge(client, { before: `now() - interval '1 h'` }), 19);
    assert.deepEqual((await client.query('select name, state from pulp.task order by enqueued_at')).rows, [
      { name: 'waiting', state: 'waiting' },
      { name: 'waiting', state: 'waiting' },
      { name: 'canceled', state: 'canceled' },
    ]);
    const { rows } = await client.query(
      `select version, data from pulp.event where type = 'TaskPurged' order by position limit 1`,
    );
    assert.deepEqual(rows, [
      { version: 3, data: { name: 'past', state: 'canceled', finished_at: '2025-01-01T00:00:01+00:00' } },
    ]);
    assert.equal(await count(client, 'pulp.task_at(now())'), 3);
    assert.equal(await count(client, `pulp.task_at('2025-01-02')`), 30);
    assert.deepEqual(await checkLog(client), []);

    await assert.rejects(purge(client, { more: `, states => '{running}'` }), { code: 'PU004' });
  });

  test('an id that was purged is refused, in whatever month it was used', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const [past] = await pastTasks(client, '2025_01', 1);
    await purge(client);
    for (const id of [past, '5f0c6a3e-0f9a-4c6e-9f57-0d9f3a0b7c11']) {
      const enqueue = () =>
        client.query('select pulp.enqueue_batch($1)', [
          JSON.stringify([{ name: 'fresh' }, { name: 't', id }]),
        ]);
      if (id !== past) {
        await enqueue();
        await client.query('select pulp.cancel($1)', [id]);
        await purge(client, { before: 'clock_timestamp()' });
      }
      await assert.rejects(enqueue(), { code: 'PU003', detail: '{"item": 1}', message: /was purged/ });
    }
    assert.deepEqual(await checkLog(client), []);
  });

  test('a step reads what it looks at, however many tasks there are', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 20_000);
    await client.query('set timezone to UTC');
    const recorder = await PlanRecorder.attach(client);
    for (const analyzed of [false, true]) {
      if (analyzed) await client.query('vacuum analyze pulp.task');
      const reads = await recorder.readsOf(
        `select pulp.purge_tasks(now(), 100, after_enqueued_at => '2025-01-01 02:00:00',
           after_id => 'ffffffff-ffff-ffff-ffff-ffffffffffff')`,
      );
      assert.ok(reads.some(({ how }) => how.includes('task_enqueued_at')));
      for (const read of reads) {
        assert.match(read.how, /^(Index|Tid) /, JSON.stringify(read));
        assert.ok(read.rows <= 200, JSON.stringify(read));
      }
    }
  });

  test('many at once take each task once', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using other = await connect(database.url);
    await using third = await connect(database.url);
    await pastTasks(client, '2025_01', 3000);
    const purged = await Promise.all([client, other, third].map((each) => purge(each, { batch: 50 })));
    assert.equal(purged.reduce((sum, each) => sum + each) + (await purge(client)), 3000);
    assert.equal(await count(client, `pulp.event where type = 'TaskPurged'`), 3000);
    assert.deepEqual(await checkLog(client), []);
  });

  test('disturbs no worker', { timeout: 60_000 }, async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker({ concurrency: 20 });
    const requests = Array.from({ length: 1500 }, (_, number) => ({
      task: tasks.doubleInline,
      resources: number % 3 === 0 ? [`/r/${number % 10}/`] : [],
      kwargs: { number },
    }));
    const handles = await enqueueMany(requests);
    let purged = 0;
    let finished = false;
    const purging = (async () => {
      while (!finished) purged += await purgeTasks({ finishedBefore: new Date() });
    })();
    await using client = await connect(engine.database.url);
    while ((await count(client, `pulp.task where finished_at is null`)) > 0);
    finished = true;
    await purging;
    await engine.stop(worker);
    purged += await purgeTasks({ finishedBefore: new Date(Date.now() + 1000) });
    assert.equal(purged, handles.length);
    assert.equal(await count(client, `pulp.event where type = 'TaskCompleted'`), handles.length);
    assert.deepEqual(await engine.violations(), []);
  });
});

test('archiving disturbs no worker', { timeout: 60_000 }, async (t) => {
  await using engine = await Engine.create(TASKS_FILE);
  await using client = await connect(engine.database.url);
  const folder = await mkdtemp(join(tmpdir(), 'pulp-archive-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const month of ['2025_01', '2025_02', '2025_03']) await pastTasks(client, month, 100);
  await purge(client);
  await engine.worker({ concurrency: 20 });
  const handles = await enqueueMany(
    Array.from({ length: 1000 }, (_, number) => ({
      task: tasks.doubleInline,
      resources: [`/r/${number % 50}/`],
      kwargs: { number },
    })),
  );
  const archived = await archiveLeaves({ before: new Date('2026-01-01'), folder });
  assert.deepEqual(
    archived.map(({ events }) => events),
    [200, 200, 200],
  );
  const states = await Promise.all(handles.map((handle) => handle.wait()));
  assert.equal(states.length, 1000);
  assert.deepEqual(await engine.violations(), []);
});

suite('upkeep', () => {
  const keepUp = async (client: Client, call = 'pulp.keep_up()') => {
    const { rows } = await client.query<{
      dropped_leaves: string[];
      forgotten_resources: string;
      deleted_queues: string[];
      failures: string[];
      more: boolean;
      days_ahead: number;
    }>(`select *, extract(day from leaves_end - now())::integer as days_ahead from ${call}`);
    const [done] = rows;
    assert.ok(done);
    return done;
  };

  /** Leaves of heartbeats of the past, by their age in days. */
  const pastHeartbeats = async (client: Client, ages: number[]) => {
    await client.query(
      `select pulp.create_event_leaf('event_heartbeat', 'event_heartbeat_' || to_char(day, 'YYYY_MM_DD'),
         day at time zone 'UTC', (day + interval '1 day') at time zone 'UTC')
       from unnest($1::integer[]) as age
       cross join lateral (select date_trunc('day', now() at time zone 'UTC') - age * interval '1 day' as day) d
       where to_regclass('pulp.event_heartbeat_' || to_char(day, 'YYYY_MM_DD')) is null`,
      [ages],
    );
  };

  test('drops heartbeats after three days, says so in the log, and makes leaves ahead', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastHeartbeats(client, [1, 2, 3, 4, 5]);
    const done = await keepUp(client);
    assert.equal(done.dropped_leaves.length, 2);
    assert.deepEqual([done.failures, done.more, done.days_ahead], [[], false, 14]);
    const { rows } = await client.query<{ stream_id: string; version: number }>(
      `select stream_id, version from pulp.event where type = 'LeafDropped' order by position`,
    );
    assert.deepEqual(
      rows,
      done.dropped_leaves.map((stream_id) => ({ stream_id, version: 1 })),
    );
    assert.deepEqual((await keepUp(client)).dropped_leaves, []);
    assert.deepEqual(await checkLog(client), []);
  });

  test('is done by whoever leads', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await pastHeartbeats(client, [9]);
    await engine.worker();
    await until(async () => (await count(client, `pulp.event where type = 'LeafDropped'`)) === 1);
    assert.deepEqual(await engine.violations(), []);
  });

  test('a reader of old heartbeats holds up nothing but their end', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using reader = await connect(database.url);
    await pastHeartbeats(client, [9]);
    await reader.query('begin; select count(*) from pulp.event');
    const done = await keepUp(client);
    assert.equal(done.dropped_leaves, null);
    assert.deepEqual(done.failures.length, 1);
    assert.match(done.failures[0] ?? '', /^dropping old heartbeats: .*lock timeout/);
    await reader.query('commit');
    assert.equal((await keepUp(client)).dropped_leaves.length, 1);
  });

  test('a class without its next leaf is noticed', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const leaf = `pulp.event_heartbeat_${new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')}`;
    await client.query(`drop table ${leaf}`);
    const { rows } = await client.query<{ days: number }>(
      `select extract(day from pulp.event_leaves_end() - date_trunc('day', now() at time zone 'UTC') at time zone 'UTC')::integer as days`,
    );
    assert.deepEqual(rows, [{ days: 14 }]);
    await keepUp(client);
    assert.equal(await count(client, `pg_class where oid = to_regclass('${leaf}')`), 1);
  });

  test('forgets resources that nobody claims, but for the latest and for those whose locks are held', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      select pulp.enqueue('t', resources => '{/claimed/}');
      select pulp.grant_reservations(10);
      insert into pulp.resource (name) select '/old/' || n from generate_series(1, 5) as n;
      insert into pulp.resource (name) select '/new/' || n from generate_series(1, 3) as n;
      select pg_advisory_lock(pulp.lock_class('resource'), id) from pulp.resource where name = '/old/3'`);
    assert.equal((await keepUp(client, 'pulp.keep_up(kept_resources => 3)')).forgotten_resources, '4');
    const { rows } = await client.query<{ name: string }>('select name from pulp.resource order by id');
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['/claimed/', '/old/3', '/new/1', '/new/2', '/new/3'],
    );
  });

  test('deletes the queue of a reserved worker that is long gone, and it comes back with one', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const name = 'reserved-resource-worker-1';
    const birth = () => client.query(`select pulp.worker_online($1, 'h', 1, array[$1], 1, '[]')`, [name]);
    await birth();
    await client.query('select pulp.worker_offline($1, (select incarnation from pulp.worker), true)', [name]);
    const away = `update pulp.worker set last_heartbeat = last_heartbeat - interval '8 days'`;
    assert.deepEqual((await keepUp(client)).deleted_queues, []);
    await client.query(`select pulp.enqueue('t', options => '{"queue": "${name}"}')`);
    await client.query(away);
    assert.deepEqual((await keepUp(client)).deleted_queues, []);
    await client.query('select pulp.cancel(id) from pulp.task');
    assert.deepEqual((await keepUp(client)).deleted_queues, [name]);
    assert.equal(await count(client, `pulp_boss.queue where name = '${name}'`), 0);
    await birth();
    await client.query(`select pulp.enqueue('t', options => '{"queue": "${name}"}')`);
    assert.equal(await count(client, `pulp_boss.queue where name = '${name}'`), 1);
  });
});
