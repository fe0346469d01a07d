import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { openHistory } from '../support/history.ts';

/** The leaves of a class, with their bounds, as a session with ordinary settings sees them. */
async function leavesOf(client: Client, kind: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ leaf: string }>(
    `select c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) as leaf
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = ('pulp.event_' || $1)::regclass order by c.relname`,
    [kind],
  );
  return rows.map(({ leaf }) => leaf);
}

/** As if the database had slept so long that all of its leaves are of the past: those that hold events are of two years ago. */
async function sleepForYears(client: Client): Promise<void> {
  await client.query(`
    do $$ declare leaf regclass; begin
      for leaf in select i.inhrelid from pg_inherits i
        where i.inhparent in ('pulp.event_batch'::regclass, 'pulp.event_system'::regclass, 'pulp.event_heartbeat'::regclass)
      loop
        execute format('drop table %s', leaf);
      end loop;
    end $$`);
}

/** The leaves of every class. */
async function allLeaves(client: Client): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const kind of ['batch', 'system', 'heartbeat']) all.push(await leavesOf(client, kind));
  return all;
}

async function now(client: Client): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>(`select clock_timestamp() as now`);
  return rows[0]?.now ?? new Date(NaN);
}

suite('leaves of the log', () => {
  for (const [style, zone] of [
    ['German, DMY', 'Asia/Kolkata'],
    ['SQL, MDY', 'Europe/Dublin'],
    ['Postgres, DMY', 'Pacific/Chatham'],
  ]) {
    test(`have the same bounds and the same end with ${style} in ${zone}`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await client.query(`set timezone = 'UTC'`);
      const before = await allLeaves(client);
      const end = await client.query(`select extract(epoch from pulp.event_leaves_end()) as ends`);
      await sleepForYears(client);
      await using other = await connect(database.url);
      await other.query(
        `set datestyle = '${style}'; set timezone = '${zone}'; select pulp.create_event_leaves()`,
      );
      assert.deepEqual(await allLeaves(client), before);
      assert.deepEqual(
        (await other.query(`select extract(epoch from pulp.event_leaves_end()) as ends`)).rows,
        end.rows,
      );
    });
  }

  test('reach back, so that the clock may be put back by an hour', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      insert into pulp.event_single (stream_kind, stream_id, version, type, data, recorded_at)
        select kind, 'x', 0, 'T', '{}', date_trunc(unit, now() at time zone 'UTC') at time zone 'UTC' - interval '1 hour'
        from (values ('heartbeat', 'day'), ('worker', 'year')) as k (kind, unit);
      select pulp.log_batches(pulp.event_batches('T', '{1}', array[pulp.new_id()], '{1}', null, null, null, pulp.event_tx(),
        date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '1 hour'))`);
  });

  test('are made by whoever enqueues, cancels, is born or beats', async () => {
    const history = await openHistory();
    await using client = await connect(history.database.url);
    const birth = `select pulp.worker_online('v', 'localhost', 1, '{default}', 1, '[]')`;
    const steps: Record<string, string> = {
      batch: `select pulp.enqueue('t', resources => '{/a/}')`,
      system: birth,
      heartbeat: `select pulp.heartbeat('{w}', array[(select incarnation from pulp.worker where name = 'w')])`,
    };
    for (const [kind, step] of Object.entries(steps)) {
      await client.query('begin');
      await sleepForYears(client);
      await client.query(step);
      assert.equal((await leavesOf(client, kind)).length, 1, kind);
      await client.query('rollback');
    }
    await client.query('begin');
    await client.query(
      `drop table pulp.event_batch_${(await now(client)).toISOString().slice(0, 7).replace('-', '_')}`,
    );
    const { rows } = await client.query(
      `select pulp.cancel(id) as state from pulp.task where kwargs ->> 'name' = 'granted'`,
    );
    assert.deepEqual(rows, [{ state: 'canceled' }]);
    await client.query('rollback');
    await history[Symbol.asyncDispose]();
  });

  test('that two need at once are made once', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await sleepForYears(client);
    const crowd = await Promise.all(Array.from({ length: 6 }, () => connect(database.url)));
    await Promise.all(crowd.map((each) => each.query(`select pulp.enqueue('t')`)));
    await Promise.all(crowd.map((each) => each.end()));
    assert.equal((await leavesOf(client, 'batch')).length, 1);
    await client.query('select pulp.create_event_leaves()');
    assert.deepEqual(await checkLog(client), []);
  });

  test('of heartbeats that are of today stay when the clock was ahead', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const beatOn = (day: string) =>
      client.query(`
        select pulp.need_event_leaf('event_heartbeat', ${day});
        insert into pulp.event_single (stream_kind, stream_id, version, type, data, recorded_at)
        values ('heartbeat', 'w', 0, 'WorkerHeartbeat', '{"workers": {}}', ${day})`);
    const held = async () => (await leavesOf(client, 'heartbeat')).map((leaf) => leaf.split(' ')[0]);
    // What is "ten days ago" for the clock now was today before it was put forward.
    await beatOn(`now() - interval '10 days'`);
    const today = (await held())[0] ?? '';
    const drop = async () =>
      (await client.query<{ dropped: string[] }>('select pulp.drop_heartbeat_leaves(3) as dropped')).rows[0]
        ?.dropped;
    await beatOn('now()');
    assert.deepEqual(await drop(), []);
    assert.ok((await held()).includes(today));
    await beatOn(`now() - interval '2 days'`);
    await beatOn(`now() - interval '1 day'`);
    assert.deepEqual(await drop(), [today]);
  });

  test('of the past that were dropped do not come back, and one that was archived not under its name', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query<{ leaf: string }>(
      `select leaf from pulp.task_leaves() where ends <= now() order by starts desc limit 1`,
    );
    const leaf = rows[0]?.leaf ?? '';
    await client.query(`
      drop table pulp.${leaf};
      select pulp.append_system_event('${leaf}', 'LeafArchived', '{}');
      select pulp.append_system_event('${leaf}', 'LeafDropped', '{}');
      select pulp.create_event_leaves()`);
    assert.ok(!(await leavesOf(client, 'batch')).some((each) => each.startsWith(leaf)));
    await client.query(`select pulp.need_event_leaf('event_batch', now() - interval '1 month')`);
    await client.query(`select pulp.need_event_leaf('event_batch', now() - interval '1 month')`);
    assert.ok((await leavesOf(client, 'batch')).some((each) => each.startsWith(`${leaf}_again `)));
  });
});

suite('a clock that was put back', () => {
  test('the later sign of life counts, and verify agrees', async () => {
    await using history = await openHistory();
    const { client } = history;
    await client.query(`
      insert into pulp.event_single (stream_kind, stream_id, version, type, data, recorded_at)
      select 'heartbeat', 'w', 0, 'WorkerHeartbeat', '{"workers": {"w": 4}}', now() + age
      from unnest(array[interval '3 s', '2 min', '5 s', '10 s']) with ordinality as beat (age, number) order by number`);
    await client.query(`
      update pulp.worker w set last_heartbeat = (f.worker).last_heartbeat, finish_rate = (f.worker).finish_rate
      from pulp.fold_workers() f where f.name = w.name`);
    const { rows } = await client.query<{ ahead: number; finish_rate: number }>(
      `select finish_rate, (select count(*)::integer from pulp.verify_workers()) as violations from pulp.worker`,
    );
    assert.deepEqual(rows, [{ finish_rate: 0.8, violations: 0 }]);
    assert.deepEqual(await checkLog(client), []);
  });
});
