import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { Login } from '../support/login.ts';
import { pastTasks } from '../support/past-tasks.ts';
import { until } from '../support/until.ts';
import { PlanRecorder } from './plan-recorder.ts';

async function create(client: Client, name: string, more: object = {}): Promise<void> {
  await client.query('select pulp.create_subscription($1)', [{ name, ...more }]);
}

/** Waits until nothing is held back any more: other tests on this server have transactions open, too. */
async function decided(client: Client): Promise<void> {
  await until(async () => (await client.query('select from pulp.event_holder()')).rowCount === 0, 60_000);
}

/** What a subscription gives, page by page, until there is nothing more. */
async function drain(client: Client, name: string, atMost = 100): Promise<string[]> {
  const cursors: string[] = [];
  await decided(client);
  for (;;) {
    const { rows } = await client.query<{ cursor: string | null; caught_up: boolean }>(
      `select pulp.event_cursor(e.tx, e.position) as cursor, t.caught_up
       from pulp.take_events($1, $2) t left join lateral unnest(t.events) e on true`,
      [name, atMost],
    );
    cursors.push(...rows.flatMap(({ cursor }) => cursor ?? []));
    if (rows[0]?.caught_up !== false) return cursors;
  }
}

/** The cursors of the events that the log has, in its order. */
async function logged(client: Client, where: string): Promise<string[]> {
  const { rows } = await client.query<{ cursor: string }>(
    `select pulp.event_cursor(e.tx, e.position) as cursor from pulp.event e where ${where} order by e.tx, e.position`,
  );
  return rows.map(({ cursor }) => cursor);
}

async function enqueue(client: Client, name: string, number: number): Promise<void> {
  await client.query(
    `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', $1::text)) from generate_series(1, $2)))`,
    [name, number],
  );
}

/** Consumes until told to end, keeping what it is given in a table; transactions fail as they like. */
async function consumeBadly(url: string, name: string, isOver: () => boolean): Promise<void> {
  let client = await connect(url);
  for (;;) {
    const over = isOver();
    await client.query('begin');
    const { rowCount } = await client.query(
      `insert into effect (cursor) select pulp.event_cursor(tx, position) from pulp.consume($1, $2)`,
      [name, randomInt(1, 40)],
    );
    switch (randomInt(6)) {
      case 0:
        await client.query('rollback');
        break;
      case 1:
        await client.end(); // it dies before it commits
        client = await connect(url);
        break;
      default:
        await client.query('commit');
        if (over && rowCount === 0) {
          await client.end();
          return;
        }
    }
  }
}

suite('a subscription', () => {
  test('has each event take its effect exactly once and in order, whatever fails, whoever else consumes', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query('create table effect (place serial, cursor text primary key)');
    await create(client, 'billing', { kinds: ['task'] });
    const start = await logged(client, `e.stream_kind = 'task'`);
    assert.deepEqual(start, []);

    let producing = 3;
    const produce = async () => {
      await using producer = await connect(database.url);
      for (let round = 0; round < 30; round++) {
        await producer.query('begin');
        for (let part = randomInt(1, 4); part > 0; part--) await enqueue(producer, 't', randomInt(1, 30));
        if (randomInt(2) === 0)
          await producer.query('select pulp.cancel_tasks(array(select id from pulp.task limit 5))');
        await producer.query(randomInt(4) === 0 ? 'rollback' : 'commit');
      }
      producing -= 1;
    };
    await Promise.all([
      ...[1, 2, 3].map(produce),
      ...[1, 2, 3].map(() => consumeBadly(database.url, 'billing', () => producing === 0)),
    ]);
    await client.query(`insert into effect (cursor) select unnest($1::text[])`, [
      await drain(client, 'billing'),
    ]);

    const { rows } = await client.query<{ cursor: string }>('select cursor from effect order by place');
    const all = await logged(client, `e.stream_kind = 'task'`);
    assert.ok(all.length > 300, `${all.length} events`);
    assert.deepEqual(
      rows.map(({ cursor }) => cursor),
      all,
    );
    assert.deepEqual(await checkLog(client), []);
  });

  test('gives what it asks for, by types, task types, streams and kinds, also of tasks that were purged', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const at = { from: 'beginning' };
    const wanted = {
      canceled: [{ types: ['TaskCanceled'] }, `e.type = 'TaskCanceled'`],
      invoices: [
        { names: ['invoice'] },
        `e.stream_id in (select stream_id from pulp.event where data ->> 'name' = 'invoice')`,
      ],
      'one.kind': [{ kinds: ['system'], types: ['QueuePaused', 'TaskEnqueued'] }, `e.type = 'QueuePaused'`],
      both: [
        { names: ['invoice'], types: ['TaskPurged', 'TaskEnqueued'] },
        `e.type in ('TaskPurged', 'TaskEnqueued') and e.data ->> 'name' = 'invoice'`,
      ],
      stream: [{ stream: 'pause/queue/q' }, `e.stream_id = 'pause/queue/q'`],
      none: [{ types: ['TaskSkipped'] }, 'false'],
    } as const;
    for (const [name, [filter]] of Object.entries(wanted)) await create(client, name, { ...filter, ...at });
    await enqueue(client, 'invoice', 3);
    await enqueue(client, 'other', 2500);
    await enqueue(client, 'invoice', 30);
    await client.query(
      `select pulp.pause('queue', 'q'), pulp.cancel_tasks(array(select id from pulp.task where name = 'invoice'))`,
    );
    await client.query(`select pulp.purge_tasks(clock_timestamp(), 5)`);
    for (const [name, [, where]] of Object.entries(wanted)) {
      assert.deepEqual(await drain(client, name, 7), await logged(client, where), name);
      assert.deepEqual(await drain(client, name), [], name);
    }
    assert.equal((await logged(client, wanted.both[1])).length, 33 + 3);
    const { rows } = await client.query(
      `select name, given::integer from pulp.subscription where name = 'both'`,
    );
    assert.deepEqual(rows, [{ name: 'both', given: 36 }]);
  });

  test('that finds nothing new writes nothing and waits for nobody; a second consumer waits for the first', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using other = await connect(database.url);
    await create(client, 'a', { kinds: ['task'] });
    await enqueue(client, 't', 10);
    await decided(client);
    await client.query('begin');
    assert.equal((await client.query(`select from pulp.consume('a', 4)`)).rowCount, 4);
    const second = other.query(`select from pulp.consume('a', 4)`);
    await client.query('commit');
    assert.equal((await second).rowCount, 4);
    assert.equal((await client.query(`select from pulp.consume('a')`)).rowCount, 2);

    const { rows } = await client.query<{ cursor: string }>('select cursor from pulp.subscription');
    await client.query('begin');
    await client.query('select from pulp.subscription for update');
    await other.query(`set lock_timeout = '100ms'`);
    assert.equal((await other.query(`select from pulp.consume('a')`)).rowCount, 0);
    await client.query('rollback');
    await client.query('begin');
    await client.query(`select from pulp.consume('a')`);
    const { rows: written } = await client.query('select pg_current_xact_id_if_assigned() as tx');
    assert.deepEqual(written, [{ tx: null }]);
    await client.query('rollback');
    assert.deepEqual((await client.query('select cursor from pulp.subscription')).rows, rows);
  });

  test('is paused, set back and forward, and deleted, as the log tells; what it was can be seen and rebuilt', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await create(client, 'a', { kinds: ['task'] });
    await create(client, 'b');
    await enqueue(client, 't', 3);
    await client.query(`select pulp.pause_subscription('a', 'moving')`);
    assert.deepEqual(await drain(client, 'a'), []);
    await decided(client);
    const { rows: lag } = await client.query(
      `select name, events::integer, more, seconds > 0 as old from pulp.subscription_lag('a')`,
    );
    assert.deepEqual(lag, [{ name: 'a', events: 3, more: false, old: true }]);
    const {
      rows: [then],
    } = await client.query<{ now: Date }>('select clock_timestamp() as now');
    await client.query(`select pulp.resume_subscription('a')`);
    const all = await logged(client, `e.stream_kind = 'task'`);
    assert.deepEqual(await drain(client, 'a', 2), all);
    await client.query(`select pulp.replay_subscription('a', $1, 'again')`, [all[0]]);
    assert.deepEqual(await drain(client, 'a'), all.slice(1));
    await client.query(`select pulp.replay_subscription('a', 'beginning')`);
    await client.query(`select pulp.replay_subscription('a', 'now')`);
    assert.deepEqual(await drain(client, 'a'), []);
    await client.query(
      `select pulp.replay_subscription('a', to_char(now() - interval '1 min', 'YYYY-MM-DD"T"HH24:MI:SSOF'))`,
    );
    assert.deepEqual(await drain(client, 'a'), all);
    await client.query(`select pulp.delete_subscription('b')`);
    assert.deepEqual(await checkLog(client), []);

    const { rows: before } = await client.query(
      'select name, state, reason from pulp.subscription_at($1) order by name',
      [then?.now],
    );
    assert.deepEqual(before, [
      { name: 'a', state: 'paused', reason: 'moving' },
      { name: 'b', state: 'active', reason: null },
    ]);
    const { rows: right } = await client.query('select * from pulp.subscription');
    for (const damage of [
      `update pulp.subscription set state = 'paused', types = '{TaskFailed}'`,
      `insert into pulp.subscription select (jsonb_populate_record(s, '{"name": "stray"}')).* from pulp.subscription s`,
    ]) {
      await client.query(damage);
      const { rows } = await client.query(
        `select rule from pulp.verify_workers() where rule = 'subscription_as_folded'`,
      );
      assert.equal(rows.length, 1, damage);
      assert.deepEqual((await client.query('select pulp.rebuild_subscriptions() as wrong')).rows, [
        { wrong: 1 },
      ]);
      assert.deepEqual((await client.query('select * from pulp.subscription')).rows, right);
    }
  });

  test('is refused what it cannot have, and then nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await create(client, 'there');
    const bad: readonly (readonly [object, string | null, RegExp])[] = [
      [{ name: 'no name' }, null, /^name:/],
      [{}, null, /^name:/],
      [{ name: 'a', colour: 'red' }, null, /unknown key/],
      [{ name: 'a', kinds: ['heartbeat'] }, null, /^kinds:/],
      [{ name: 'a', types: [] }, null, /arrays of/],
      [{ name: 'a', types: 'TaskFailed' }, null, /arrays of/],
      [{ name: 'a', types: [1] }, null, /arrays of/],
      [{ name: 'a', kinds: 'task' }, null, /arrays of/],
      [{ name: 'a', types: ['WorkerHeartbeat'] }, null, /^types:/],
      [{ name: 'a', names: ['t'], kinds: ['worker'] }, null, /^names:/],
      [{ name: 'a', names: ['a b'] }, null, /^names:/],
      [{ name: 'a', from: 'yesterday' }, null, /no position in the log/],
      [{ name: 'a', from: '1:999999999:1' }, null, /lies ahead/],
      [{ name: 'a', from: 5 }, null, /^from:/],
      [{ name: 'a', url: 'ftp://example.org/' }, '"x"', /^url:/],
      [{ name: 'a', url: 'https://user:secret@example.org/' }, '"x"', /^url:/],
      [{ name: 'a', url: 'https://example.org/' }, null, /needs a secret/],
      [{ name: 'a', give_up_seconds: 0, url: 'https://example.org/' }, '"x"', /^give_up_seconds:/],
      [{ name: 'a', give_up_seconds: 5 }, null, /^give_up_seconds:/],
    ];
    for (const [definition, secret, message] of bad) {
      await assert.rejects(
        client.query('select pulp.create_subscription($1, $2)', [definition, secret]),
        { code: 'PU004', message },
        JSON.stringify(definition),
      );
    }
    await assert.rejects(create(client, 'there'), { code: 'PU038' });
    for (const act of ['pause_subscription', 'resume_subscription', 'delete_subscription', 'consume']) {
      await assert.rejects(client.query(`select * from pulp.${act}('nobody')`), { code: 'PU037' }, act);
    }
    await assert.rejects(client.query(`select pulp.resume_subscription('there')`), { code: 'PU039' });
    await assert.rejects(client.query(`select pulp.consume('there', 0)`), { code: 'PU004' });
    await client.query('select pulp.create_subscription($1, $2)', [
      { name: 'hook', url: 'https://example.org/' },
      '"x"',
    ]);
    await assert.rejects(client.query(`select pulp.consume('hook')`), { code: 'PU039' });
    const { rows } = await client.query('select name from pulp.subscription order by name');
    assert.deepEqual(rows, [{ name: 'hook' }, { name: 'there' }]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('keeps months of the log that it has not read; of what was archived it is told', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 30);
    await create(client, 'late', { from: 'beginning', kinds: ['task'] });
    await create(client, 'workers', { from: 'beginning', kinds: ['worker'] });
    for (let cursor: unknown = 1; cursor !== null;) {
      const { rows } = await client.query<{ after_id: string | null }>(
        `select * from pulp.purge_tasks(now())`,
      );
      cursor = rows[0]?.after_id ?? null;
    }
    const {
      rows: [leaf],
    } = await client.query<{ leaf: string; content: object }>(
      `select leaf, pulp.leaf_content(leaf) as content from pulp.task_leaves() where leaf ~ '2025_01' and (pulp.leaf_content(leaf) ->> 'events')::integer > 0`,
    );
    const archive = () => client.query('select pulp.archive_leaf($1, $2)', [leaf?.leaf, leaf?.content]);
    await assert.rejects(archive(), { code: 'PU010', message: /by subscription late$/ });
    assert.equal((await drain(client, 'late')).length, 60 + 30);
    await archive();
    for (const name of ['late', 'workers']) assert.deepEqual(await drain(client, name), []);
    await assert.rejects(client.query(`select pulp.replay_subscription('late', 'beginning')`), {
      code: 'PU060',
    });
    await assert.rejects(create(client, 'later', { from: 'beginning' }), { code: 'PU060' });
    await client.query(`update pulp.subscription set cursor = '1:0:0' where name = 'late'`);
    await assert.rejects(client.query(`select pulp.consume('late')`), { code: 'PU060' });
  });

  test('goes on over the border of an era; one that has seen what the log has lost is told from where to go on', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await create(client, 'a', { kinds: ['task'] });
    await enqueue(client, 't', 3);
    const before = await drain(client, 'a', 2);
    await client.query(`select pulp.begin_era('put back by hand')`);
    await enqueue(client, 't', 2);
    const after = await drain(client, 'a', 2);
    assert.deepEqual([before.length, after.length], [3, 2]);
    assert.notEqual(before[0]?.split(':')[0], after[0]?.split(':')[0]);

    const { rows } = await client.query<{ lost: string; cut: string }>(
      `select format('1:%s:9', (cut_tx::text::bigint + 5)) as lost, pulp.event_cursor(cut_tx, cut_position) as cut from pulp.era order by number desc limit 1`,
    );
    const [{ lost, cut } = { lost: '', cut: '' }] = rows;
    await client.query('update pulp.subscription set cursor = $1', [lost]);
    await assert.rejects(
      client.query(`select pulp.consume('a')`),
      (error: { code: string; detail: string }) => {
        assert.equal(error.code, 'PU013');
        assert.partialDeepStrictEqual(JSON.parse(error.detail), { go_on_from: cut });
        return true;
      },
    );
    await client.query(`select pulp.replay_subscription('a', $1)`, [cut]);
    assert.deepEqual(await drain(client, 'a'), after);
  });

  test('is for those who may read the log; with a URL, for operators', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using submitter = await Login.create(['pulp_submitter']);
    await using operator = await Login.create(['pulp_operator']);
    await using observer = await Login.create(['pulp_observer']);
    await using caller = await connect(submitter.at(database.url));
    await using seer = await connect(observer.at(database.url));
    await using chief = await connect(operator.at(database.url));
    await create(caller, 'mine');
    await create(seer, 'seen');
    await caller.query(`select pulp.enqueue('t')`);
    assert.ok((await drain(seer, 'mine')).length > 0);
    const hook = (by: Client) =>
      by.query('select pulp.create_subscription($1, $2)', [
        { name: 'hook', url: 'https://example.org/' },
        '"x"',
      ]);
    await assert.rejects(hook(caller), { code: '42501' });
    await hook(chief);
    for (const act of ['pause_subscription', 'delete_subscription'])
      await assert.rejects(caller.query(`select pulp.${act}('hook')`), { code: '42501' });
    await assert.rejects(chief.query('select * from pulp.webhook_secret'), { code: '42501' });

    await client.query(`select pulp.set_policy('owner')`);
    for (const one of [caller, seer]) {
      await assert.rejects(one.query(`select pulp.consume('mine')`), { code: '42501' });
      await assert.rejects(create(one, 'other'), { code: '42501' });
    }
    await assert.rejects(caller.query('select from pulp.subscription'), { code: '42501' });
    await assert.rejects(seer.query(`select pulp.delete_subscription('mine')`), { code: 'PU037' });
    await caller.query(`select pulp.delete_subscription('mine')`);
    await chief.query(`select pulp.pause_subscription('seen'), pulp.resume_subscription('seen')`);
    assert.ok((await drain(chief, 'seen')).length > 0);
    assert.deepEqual(await checkLog(client), []);
  });

  test('reads what it looks at, however long the log is', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 20_000);
    const half = (await logged(client, `e.stream_kind = 'task'`))[20_000];
    await create(client, 'a', { from: half });
    await create(client, 'b', { from: half, types: ['TaskFailed'] });
    const recorder = await PlanRecorder.attach(client);
    for (const analyzed of [false, true]) {
      if (analyzed)
        await client.query('vacuum analyze pulp.event_batch, pulp.event_single, pulp.subscription');
      for (const [name, most] of [
        ['a', 2000],
        ['b', 20_000],
      ] as const) {
        await client.query(`select pulp.replay_subscription($1, $2)`, [name, half]);
        const reads = await recorder.readsOf(`select from pulp.consume($1)`, [name]);
        assert.ok(reads.some(({ how }) => how.includes('event_batch')));
        for (const read of reads) {
          assert.match(
            read.how,
            /^(Index|Tid|Function|Append|Merge|Limit|Sort|Subquery|Result|Nested)/,
            JSON.stringify(read),
          );
          assert.ok(read.rows <= most, JSON.stringify(read));
        }
      }
      const reads = await recorder.readsOf('select from pulp.subscription_lag()');
      for (const read of reads) assert.ok(read.rows <= 10_001, JSON.stringify(read));
    }
  });
});
