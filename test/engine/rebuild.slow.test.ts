import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { enqueueMany, PulpError } from '../../src/index.ts';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase } from '../support/database.ts';
import { openHistory, runTasks } from '../support/history.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { checkLog } from '../support/log-checker.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from '../workers/tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

/** Everything that is not the log, as text: what a rebuild has to bring back. Wake-ups may be more than before. */
async function stateOf(client: Client): Promise<Record<string, unknown>> {
  const { rows } = await client.query<Record<string, unknown>>(`
    select
      (select jsonb_agg(t order by t.id) from pulp.task t) as tasks,
      (select jsonb_agg(w order by w.name) from pulp.worker w) as workers,
      (select jsonb_agg(r order by r.task_id, r.resource) from pulp.reservation r) as claims,
      (select jsonb_agg(l) from pulp.leader l) as leader,
      (select jsonb_agg(r order by r.task_id) from pulp.running r) as running,
      (select jsonb_agg(d order by d.task_id) from pulp.deferred d) as deferred,
      (select jsonb_agg(jsonb_build_object('id', j.id, 'queue', j.name, 'priority', j.priority, 'data', j.data) order by j.id)
        from pulp_boss.job j) as jobs`);
  return rows[0] ?? {};
}

suite('rebuilding', { concurrency: 2 }, () => {
  const DAMAGES: Readonly<Record<string, string>> = {
    'everything is gone': `
      delete from pulp.task; delete from pulp.worker; delete from pulp.reservation; delete from pulp.leader;
      delete from pulp.running; delete from pulp.deferred; delete from pulp.wakeup; delete from pulp_boss.job;
      delete from pulp.resource where name = '/c/'`,
    'everything is wrong': `
      update pulp.task set state = 'failed', queue = 'other', version = version + 1, fence = 1;
      update pulp.worker set state = 'offline', version = 9, pid = 0;
      update pulp.reservation set state = 'granted', position = position + 100, granted_at = now();
      update pulp.leader set worker = 'nobody';
      update pulp.running set worker = 'nobody';
      update pulp.deferred set due_at = due_at + interval '1 day';
      update pulp_boss.job set priority = 9`,
    'there is too much': `
      insert into pulp.task select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).* from pulp.task t;
      insert into pulp.worker select (jsonb_populate_record(w, '{"name": "nobody"}')).* from pulp.worker w;
      insert into pulp.reservation select '/z/', id, 'exclusive', 'granted', 1, now(), now() from pulp.task where finished_at is not null;
      insert into pulp.running select id, 'nobody' from pulp.task where state = 'completed';
      insert into pulp.deferred select now(), id from pulp.task where state = 'completed';
      insert into pulp_boss.job (id, name, data) select id, 'default', '{"name": "t"}' from pulp.task where state = 'completed'`,
  };
  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`brings all state back where ${what}`, async () => {
      await using history = await openHistory();
      const { client, database } = history;
      const before = await stateOf(client);
      await client.query(damage);
      const { findings, workers, violations } = await rebuild(database.url);
      assert.deepEqual(violations, []);
      assert.ok(findings.length > 0 && workers > 0);
      assert.deepEqual(await stateOf(client), before);
      assert.deepEqual(await checkLog(client), []);
    });
  }

  test('writes nothing that is right, and a dry run nothing at all', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await runTasks(client, 600);
    await client.query(`
      create table damaged as select id from pulp.task order by random() limit 200;
      delete from pulp.task where id in (select id from damaged limit 100);
      update pulp.task set result = '"lost"' where id in (select id from damaged)`);
    const healthy = async () =>
      (
        await client.query<{ id: string; ctid: string; xmin: string }>(
          'select id, ctid::text, xmin::text from pulp.task where id not in (select id from damaged) order by id',
        )
      ).rows;
    const before = await healthy();

    const dry = await rebuild(database.url, { dryRun: true });
    assert.equal(dry.findings.filter(({ finding }) => finding === 'missing').length, 100);
    assert.equal(dry.findings.filter(({ finding }) => finding === 'different').length, 100);
    assert(dry.counts > 0);
    const violations = (await verify(database.url)).violations.filter(({ rule }) => rule !== 'task_counts');
    assert.equal(violations.length, 200);

    const done = await rebuild(database.url);
    assert.deepEqual(done.violations, []);
    assert.equal(done.findings.length, 200);
    assert.deepEqual(await healthy(), before);
    assert.deepEqual(await checkLog(client), []);
    assert.deepEqual((await rebuild(database.url)).findings, []);
  });

  test('leaves a stream that cannot be folded as it is, and says so', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await unpackBatches(client);
    const { rows } = await client.query<{ id: string }>(`
      select pg_temp.id('free') as id`);
    await client.query(`
      set session_replication_role = replica;
      update pulp.event_single set type = 'TaskVanished' where stream_id = pg_temp.id('free');
      update pulp.task set priority = 7 where kwargs ->> 'name' = 'first'`);
    const { violations } = await rebuild(database.url);
    assert.deepEqual(
      violations.map(({ rule, stream_id }) => [rule, stream_id]),
      [['stream_readable', rows[0]?.id]],
    );
  });

  test('does not wait for a row that somebody else has locked, but comes back to it', async () => {
    await using history = await openHistory();
    const { client, database, worker } = history;
    await client.query('update pulp.task set priority = 7');
    await worker.query(`begin; update pulp.task set group_id = 'x' where kwargs ->> 'name' = 'third'`);
    const rebuilding = rebuild(database.url);
    await until(async () => {
      const { rows } = await client.query<{ left: number }>(
        'select count(*)::integer as left from pulp.task where priority = 7',
      );
      return rows[0]?.left === 1;
    });
    await worker.query('rollback');
    assert.deepEqual((await rebuilding).violations, []);
  });

  test('is refused to whoever does not own the schema', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const role = `reader_${process.pid}`;
    await client.query(`create role ${role} login password 'x' in role pulp_observer`);
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = 'x';
      await assert.rejects(
        rebuild(url.href, { dryRun: true }),
        (error) =>
          error instanceof PulpError && error.code === 'NOT_ALLOWED' && error.remedy.includes('migrate'),
      );
      assert.deepEqual((await verify(url.href)).violations, []);
      assert.deepEqual((await verify(url.href, { sample: 10 })).violations, []);
    } finally {
      await client.query(`drop role ${role}`);
    }
  });

  test('locks nothing that is right, beside a transaction that is open', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using open = await connect(database.url);
    await client.query(
      `select pulp.create_subscription('{"name": "s", "from": "beginning"}'), pulp.create_group('g'), pulp.request_hold('{/a/}'),
         pulp.set_capacity('/b/', 3), pulp.pause('queue', 'q'), pulp.enqueue('t'),
         pulp.create_schedule('{"name": "s", "kind": "every", "rule": "3600", "item": {"name": "t"}}', now() + interval '1 hour')`,
    );
    const tables = [
      'pause',
      'resource_limit',
      'hold',
      'schedule',
      'created_group',
      'subscription',
      'retention',
    ];
    for (const table of tables) {
      await open.query(`begin; lock table pulp.${table} in row exclusive mode`);
      const { workers, violations } = await rebuild(database.url);
      assert.deepEqual([workers, violations], [0, []]);
      await open.query('commit');
    }
  });
});

suite('rebuilding while tasks are enqueued and run', { timeout: 120_000 }, () => {
  test('loses nothing', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await runTasks(client, 2000);
    await engine.worker({ name: 'w', concurrency: 10 });

    const working = new AbortController();
    const handles: Awaited<ReturnType<typeof enqueueMany>>[number][] = [];
    const caller = (async () => {
      while (!working.signal.aborted) {
        const items = Array.from({ length: 20 }, (_, number) => ({
          task: tasks.doubleInline,
          kwargs: { number },
          resources: number % 2 === 0 ? [`/live/${number % 4}/`] : [],
        }));
        handles.push(...(await enqueueMany(items)));
        await handles.at(-20)?.wait(); // not faster than they run
      }
    })();
    await until(() => handles.length > 100);

    // Hit is what nothing is decided by meanwhile: a run whose row is gone when its worker reports is lost to that worker, and
    // whose claim is gone is overtaken, which stays in the log. Nor is a row deleted that the caller waits for.
    await client.query(`
      delete from pulp.task where name = 't' and finished_at is not null and random() < 0.2;
      update pulp.task set result = '"lost"', version = version + 3 where finished_at is not null and random() < 0.2;
      with hit as (
        select t.id from pulp.task t join pulp.reservation_waiting r on r.task_id = t.id where t.state = 'waiting' and random() < 0.3
        for no key update of t skip locked
      ),
      wrong as (update pulp.task t set group_id = 'wrong' from hit where t.id = hit.id)
      update pulp.reservation_waiting r set requested_at = now() from hit where r.task_id = hit.id`);
    const done = await rebuild(engine.database.url);
    assert.ok(done.findings.length > 500, `only ${done.findings.length} were wrong`);
    assert.deepEqual(done.violations, []);
    working.abort();
    await caller;
    for (const handle of handles) assert.equal((await handle.wait()).state, 'completed');
    assert.deepEqual(await engine.violations(), []);
  });
});
