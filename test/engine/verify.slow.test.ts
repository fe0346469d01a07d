import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { openHistory } from '../support/history.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { verify } from '../../src/maintenance/verify.ts';

/** What is done to a sound history (see `openHistory`), and the rule that has to tell of it. */
const CORRUPTIONS: readonly (readonly [what: string, rule: string, sql: string])[] = [
  [
    'a column of a task is changed',
    'task_as_folded',
    `update pulp.task set timeout_seconds = 1 where id = pg_temp.id('free')::uuid`,
  ],
  ['the row of a task is gone', 'task_as_folded', `delete from pulp.task where kwargs ->> 'name' = 'first'`],
  [
    'a row that no event tells of',
    'task_as_folded',
    `insert into pulp.task select (pulp.evolve_task(null, jsonb_populate_record(e, '{"stream_id": "00000000-0000-7000-8000-000000000001"}'))).*
     from pulp.event e where stream_id = pg_temp.id('free')`,
  ],
  [
    'a claim has another place in line',
    'claims_as_folded',
    `update pulp.reservation set position = position + 1 where task_id = pg_temp.id('third')::uuid`,
  ],
  [
    'a claim is gone',
    'claims_as_folded',
    `delete from pulp.reservation where task_id = pg_temp.id('third')::uuid`,
  ],
  [
    'a final task has a claim left behind',
    'claims_of_tasks',
    `insert into pulp.reservation values ('/z/', pg_temp.id('first')::uuid, 'exclusive', 'granted', 1, now(), now())`,
  ],
  [
    'a task is granted a part of its claims',
    'claims_of_tasks',
    `update pulp.reservation set state = 'granted', granted_at = requested_at where task_id = pg_temp.id('many')::uuid and resource = '/d/'`,
  ],
  [
    'a task whose time has not come is not deferred',
    'claims_of_tasks',
    `delete from pulp.deferred where task_id = pg_temp.id('later')::uuid`,
  ],
  [
    'a final task is deferred',
    'claims_of_tasks',
    `insert into pulp.deferred values (now(), pg_temp.id('first')::uuid)`,
  ],
  [
    'two hold one resource exclusively',
    'holders_apart',
    `update pulp.reservation set state = 'granted', granted_at = now() where task_id = pg_temp.id('many')::uuid`,
  ],
  ['whoever could be granted is not looked at', 'forgotten_in_line', `delete from pulp.wakeup`],
  ['a move is not counted', 'task_counts', `delete from pulp.task_flow where after = 'delayed'`],
  [
    'a second end',
    'final_once',
    `insert into pulp.event_single (stream_kind, stream_id, version, type, data)
     select 'task', stream_id, version + 1, 'TaskFailed', '{}' from pulp.event
     where stream_id = pg_temp.id('first') and type = 'TaskCompleted'`,
  ],
  [
    'an event after the end',
    'final_once',
    `insert into pulp.event_single (stream_kind, stream_id, version, type, data)
     select 'task', stream_id, version + 1, 'TaskProgressed', '{}' from pulp.event
     where stream_id = pg_temp.id('first') and type = 'TaskCompleted'`,
  ],
  [
    'a stream has a gap',
    'stream_readable',
    `delete from pulp.event_single where stream_id = pg_temp.id('first') and type = 'ReservationGranted'`,
  ],
  [
    'the beginning of a stream is gone',
    'stream_readable',
    `delete from pulp.event_single where stream_id = pg_temp.id('second') and type = 'TaskEnqueued'`,
  ],
  [
    'an event of an unknown type',
    'stream_readable',
    `update pulp.event_single set type = 'TaskVanished' where stream_id = pg_temp.id('free')`,
  ],
  [
    'facts of another shape',
    'stream_readable',
    `update pulp.event_single set data = data || '{"priority": "high"}' where stream_id = pg_temp.id('free')`,
  ],
  [
    'a gap in the stream of a worker',
    'stream_readable',
    `update pulp.event_single set version = 2 where stream_kind = 'worker'`,
  ],
  [
    'positions fall in a stream',
    'positions_rise',
    `update pulp.event_single set position = 1 where stream_id = pg_temp.id('tried twice') and type = 'TaskCompleted'`,
  ],
  [
    'attempts are counted wrongly',
    'attempts_counted',
    `update pulp.event_single set data = data || '{"attempt": 3}' where stream_id = pg_temp.id('second') and type = 'TaskStarted'`,
  ],
  [
    'a task runs twice at once',
    'one_run_at_a_time',
    `delete from pulp.event_single where stream_id = pg_temp.id('tried twice') and type = 'TaskRetryScheduled'`,
  ],
  [
    'a run without its reservations',
    'run_without_reservation',
    `delete from pulp.event_single where stream_id = pg_temp.id('second') and type = 'ReservationGranted'`,
  ],
  [
    'a task ends and its claims are not released',
    'claims_released',
    `delete from pulp.event_single where stream_id = pg_temp.id('first') and type = 'ReservationReleased'`,
  ],
  [
    'conflicting runs at once',
    'runs_apart',
    `update pulp.event_single set position = (select position from pulp.event where stream_id = pg_temp.id('first') and type = 'TaskStarted')
     where stream_id = pg_temp.id('second') and type = 'TaskStarted'`,
  ],
  ['a running task is not listed', 'running_list', `delete from pulp.running`],
  ['a task runs by a worker that is not online', 'running_list', `update pulp.worker set state = 'offline'`],
  [
    'a deliverable task has no job',
    'jobs_of_tasks',
    `delete from pulp_boss.job where id = pg_temp.id('granted')::uuid`,
  ],
  [
    'a final task has a job',
    'jobs_of_tasks',
    `update pulp_boss.job set id = pg_temp.id('first')::uuid where id = pg_temp.id('granted')::uuid`,
  ],
  [
    'a job without a task',
    'jobs_of_tasks',
    `insert into pulp_boss.job (name, data) values ('default', '{"name": "t"}')`,
  ],
  [
    'a job says something else than its task',
    'jobs_of_tasks',
    `update pulp_boss.job set priority = 5 where id = pg_temp.id('free')::uuid`,
  ],
  ['a column of a worker is changed', 'worker_as_folded', `update pulp.worker set pid = pid + 1`],
  [
    'a sign of life that no event tells of',
    'worker_as_folded',
    `update pulp.worker set last_heartbeat = last_heartbeat + interval '1 s'`,
  ],
  ['the row of a worker is gone', 'worker_as_folded', `delete from pulp.worker`],
  ['another leader', 'leader_as_folded', `update pulp.leader set worker = 'x'`],
  ['the row of the leader is gone', 'leader_as_folded', `delete from pulp.leader`],
  [
    'a leaf of the log was made by a time zone',
    'leaves_join',
    `do $$
     declare
       day constant timestamptz := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '30 days';
     begin
       perform pulp.create_event_leaf('event_heartbeat', 'event_heartbeat_2999_01_01', day + interval '3.5 hours', day + interval '27.5 hours');
     end $$`,
  ],
  [
    'positions are about to run out',
    'numbers_left',
    `select setval('pulp.event_position', 7500000000000000000)`,
  ],
  [
    'so many resources are known that numbers are about to run out',
    'numbers_left',
    `update pg_class set reltuples = 1.8e9 where oid = 'pulp.resource'::regclass`,
  ],
  ['a held resource has no number', 'lock_numbers', `delete from pulp.resource where name = '/c/'`],
];

suite('verification', { concurrency: 4 }, () => {
  test('finds nothing in a history without a flaw, whole or by a sample', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    const whole = await verify(database.url);
    assert.deepEqual(whole.violations, []);
    assert.equal(whole.events, 22);
    assert.deepEqual((await verify(database.url, { sample: 5 })).violations, []);
    assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
  });

  for (const [what, rule, corruption] of CORRUPTIONS) {
    test(`finds: ${what}`, async () => {
      await using history = await openHistory();
      const { client, database } = history;
      await unpackBatches(client);
      await client.query(
        `set session_replication_role = replica; ${corruption}; reset session_replication_role`,
      );
      const { violations } = await verify(database.url);
      assert.ok(
        violations.some((violation) => violation.rule === rule),
        `found only: ${JSON.stringify(violations)}`,
      );
    });
  }

  test('finds locks that stand for no run, and runs without their locks, in sessions that rest', async () => {
    await using history = await openHistory();
    const { client, database, worker } = history;
    const lock = (step: string, resource: string) =>
      worker.query(
        `select ${step}(pulp.lock_class('resource'), id) from pulp.resource where name = '${resource}'`,
      );
    const found = async () =>
      (await verify(database.url)).violations.map(({ rule, stream_id }) => [rule, stream_id]);

    await lock('pg_advisory_lock_shared', '/c/');
    assert.deepEqual(await found(), [['resource_locks', '/c/']]);
    await worker.query('begin; select pg_current_xact_id()'); // what it does is not over: no judgement
    assert.deepEqual(await found(), []);
    await worker.query('rollback');
    await lock('pg_advisory_unlock_shared', '/c/');
    await lock('pg_advisory_unlock', '/a/');
    const { rows } = await client.query<{ id: string }>(`select pg_temp.id('second') as id`);
    assert.deepEqual(await found(), [['resource_locks', rows[0]?.id]]);
  });

  test('shows what is and what should be, column by column', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    const { rows } = await client.query<{ id: string }>(
      `update pulp.task set priority = 7, queue = 'other' where kwargs ->> 'name' = 'first' returning id`,
    );
    await client.query('select pulp.rebuild_task_counts()');
    const expected = {
      rule: 'task_as_folded',
      stream_kind: 'task',
      stream_id: rows[0]?.id,
      problem: 'its row is not what its events tell',
      expected: { queue: 'default', priority: 0 },
      actual: { queue: 'other', priority: 7 },
    };
    assert.deepEqual((await verify(database.url)).violations, [expected]);
    assert.deepEqual((await verify(database.url, { sample: 1000 })).violations, [expected]);
  });

  test('one stream that cannot be folded hides no other violation', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await unpackBatches(client);
    await client.query(`
      set session_replication_role = replica;
      update pulp.event_single set type = 'TaskVanished' where stream_id = pg_temp.id('free');
      update pulp.task set priority = 7 where kwargs ->> 'name' = 'first'`);
    const rules = (await verify(database.url)).violations.map(({ rule }) => rule);
    assert.deepEqual(rules.sort(), ['stream_readable', 'task_as_folded']);
  });

  test('signs of life that went with their leaf are not missed', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    // They go from the oldest on, up to the one that holds some.
    const { rows } = await client.query<{ leaves: string }>(`
      select string_agg(inhrelid::regclass::text, ', ') as leaves from pg_inherits
      where inhparent = 'pulp.event_heartbeat'::regclass
        and inhrelid::regclass::text <= (select max(tableoid::regclass::text) from pulp.event_heartbeat)`);
    await client.query(`drop table ${rows[0]?.leaves}`);
    assert.deepEqual((await verify(database.url)).violations, []);
    await client.query('update pulp.worker set pid = 0');
    assert.equal((await verify(database.url)).violations[0]?.rule, 'worker_as_folded');
  });

  test('leaves alone what was purged, even where its beginning is gone with its leaf', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await unpackBatches(client);
    await client.query(`
      set session_replication_role = replica;
      insert into pulp.event_single (stream_kind, stream_id, version, type, data)
        select 'task', stream_id, max(version) + 1, 'TaskPurged', '{}' from pulp.event
        where stream_id in (pg_temp.id('first'), pg_temp.id('tried twice')) group by stream_id;
      delete from pulp.event_single where stream_id = pg_temp.id('first') and version < 4;
      delete from pulp.task where kwargs ->> 'name' in ('first', 'tried twice');
      select pulp.rebuild_task_counts()`);
    assert.deepEqual((await verify(database.url)).violations, []);
  });

  test('gives no false alarm while tasks are enqueued, granted, run and canceled', async () => {
    await using history = await openHistory();
    const { client, database, worker } = history;
    await using manager = await connect(database.url);
    const working = new AbortController();
    const lives = [
      async () => {
        await client.query(`select pulp.enqueue_batch((
          select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/r/' || i % 3)))
          from generate_series(1, 20) i))`);
        await client.query(`select pulp.cancel(id) from pulp.task where state = 'waiting' limit 3`);
      },
      async () => {
        await manager.query('select pulp.grant_reservations()');
      },
      async () => {
        await worker.query(`
          select pulp.finish('w', w.incarnation, coalesce((
            select jsonb_agg(jsonb_build_object('id', s.id, 'attempt', s.attempt, 'fence', s.fence, 'outcome', 'completed'))
            from pulp.start('w', w.incarnation, '{default}', '{t}', 5) s), '[]'))
          from pulp.worker w where w.name = 'w'`);
      },
    ].map(async (step) => {
      while (!working.signal.aborted) await step();
    });
    try {
      for (let round = 0; round < 5; round++) {
        assert.deepEqual((await verify(database.url)).violations, []);
        assert.deepEqual((await verify(database.url, { sample: 20 })).violations, []);
      }
    } finally {
      working.abort();
      await Promise.all(lives);
    }
  });
});
