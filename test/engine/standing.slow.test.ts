import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { closeConnection, createGroup, defineTask, enqueueWithReservation } from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { untilWaiting } from '../support/until-waiting.ts';
import { ended, settle } from './settling.ts';
import { WorkerSession } from './worker-session.ts';

const HELD_ID = '01999999-0000-7000-8000-000000000001';
const PURGED_ID = '5f0c6a3e-0f9a-4c6e-9f57-0d9f3a0b7c11';
const KNOWN_ID = '01999999-0000-7000-8000-000000000003';

/** Asks for what another task stands for already. */
const LOSING = { unique: { key: 'held' } };

async function enqueueBatch(client: Client, ...items: object[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
    JSON.stringify(items.map((item) => ({ name: 't', ...item }))),
  ]);
  return rows.map(({ id }) => id);
}

async function afterOf(client: Client, id = ''): Promise<unknown> {
  const { rows } = await client.query<{ after: unknown }>(
    `select options -> 'after' as after from pulp.task where id = $1`,
    [id],
  );
  return rows[0]?.after;
}

suite('where another task stands for one', () => {
  const one = randomUUID();
  const other = randomUUID();
  for (const [what, code, bad] of [
    ['an id with other content', 'PU003', { id: KNOWN_ID, kwargs: { other: 1 } }],
    ['the id of a hold', 'PU003', { id: HELD_ID }],
    ['the id of a purged task', 'PU003', { id: PURGED_ID }],
    ['a key that refuses', 'PU030', { unique: { key: 'held', then: 'refuse' } }],
    ['a task that it comes after and that is not there', 'PU040', { after: [randomUUID()] }],
    ['the same, of an id that is there twice', 'PU040', { id: KNOWN_ID, after: [randomUUID()] }],
    ['a circle', 'PU041', { id: one, after: [one] }],
    ['a group that was not created', 'PU042', { group: 'nobody', finally: true }],
    ['a group that is dispatched', 'PU044', { group: 'dispatched' }],
    ['a value that is none', 'PU004', { priority: 'high' }],
  ] as const) {
    test(`a refusal names the place of what is bad: ${what}`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await using holder = await connect(database.url);
      await client.query(`
        select pulp.enqueue('t', options => '{"id": "${PURGED_ID}"}');
        select pulp.cancel('${PURGED_ID}');
        select from pulp.purge_tasks(clock_timestamp());
        select pulp.enqueue('t', options => '{"id": "${KNOWN_ID}"}');
        select pulp.request_hold('{/a/}', options => '{"id": "${HELD_ID}", "seconds": 60}');
        select pulp.create_group('dispatched');
        select pulp.dispatch_group('dispatched');
        select pulp.enqueue('t', options => '{"unique": {"key": "held"}}')`);
      await holder.query('begin');
      await enqueueBatch(holder, { unique: { key: 'taken' } });
      const good = [LOSING, {}, { id: KNOWN_ID }, { id: other }, { unique: { key: 'taken' } }];
      const refused = assert.rejects(enqueueBatch(client, ...good, bad, LOSING), {
        code,
        detail: '{"item": 5}',
      });
      // What shows only when it is inserted is refused after the wait for the one that takes a key at this moment.
      if (['PU003', 'PU042', 'PU044'].includes(code)) await untilWaiting(holder);
      else await refused;
      await holder.query('commit');
      await refused;
      assert.deepEqual(await checkLog(client), []);
    });
  }

  test('a refusal names the place of what waited for a key and did not get it', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using holder = await connect(database.url);
    await holder.query('begin');
    const [standing] = await enqueueBatch(holder, { unique: { key: 'k' } });
    const refused = assert.rejects(enqueueBatch(client, {}, {}, { unique: { key: 'k', then: 'refuse' } }), {
      code: 'PU030',
      message: `unique: task ${standing} stands for it`,
      detail: '{"item": 2}',
    });
    await untilWaiting(holder);
    await holder.query('commit');
    await refused;
    assert.equal((await client.query('select from pulp.task')).rowCount, 1);
  });

  test('a refusal names the place of what is of another owner', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`select pulp.set_policy('owner')`);
    await client.query(`select set_config('pulp.actor', 'another', false)`);
    const [foreign] = await enqueueBatch(client, {});
    await client.query(`select set_config('pulp.actor', 'me', false)`);
    await client.query('set role pulp_submitter');
    await enqueueBatch(client, LOSING);
    await assert.rejects(enqueueBatch(client, LOSING, {}, { id: foreign }), {
      code: 'PU022',
      detail: '{"item": 2}',
    });
  });

  test('what comes after it comes after the one that stands', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const [held, before, again] = [randomUUID(), randomUUID(), randomUUID()];
    const [standing] = await enqueueBatch(client, LOSING);
    const asked = [
      { id: held, ...LOSING },
      { id: before, after: [held.toUpperCase()], unique: { key: 'own' } },
      { id: again, after: [before, held], unique: { key: 'own' } },
      { id: KNOWN_ID, after: [held, again], resources: ['/a/'] },
    ];
    const ids = await enqueueBatch(client, ...asked);
    assert.deepEqual(ids, [standing, before, before, KNOWN_ID]);
    assert.deepEqual(await afterOf(client, before), [standing]);
    assert.deepEqual(await afterOf(client, KNOWN_ID), [standing, before]);
    assert.deepEqual(await enqueueBatch(client, ...asked), ids, 'asked for again, it is known');

    const begun: (readonly string[])[] = [];
    for (;;) {
      await settle(client);
      const runs = await worker.start(10);
      if (runs.length === 0) break;
      begun.push(runs.map(({ id }) => id));
      await worker.finish(runs.map((run) => ended(run, 'completed')));
    }
    assert.deepEqual(begun, [[standing], [before], [KNOWN_ID]]);
    // Nothing stands for these any more.
    const [id] = await enqueueBatch(client, { id: randomUUID(), ...LOSING });
    assert.notEqual(id, standing);
    assert.deepEqual(await checkLog(client), []);
  });

  test('what comes after it begins at once, or never, where the one that stands is over', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    for (const [outcome, state] of [
      ['completed', 'waiting'],
      ['failed', 'skipped'],
    ] as const) {
      const kept = { unique: { key: outcome, for: '1h' } };
      await enqueueBatch(client, kept);
      await worker.finish([ended(await worker.startOne(), outcome)]);
      const id = randomUUID();
      const [, child = ''] = await enqueueBatch(client, { id, ...kept }, { after: [id] });
      await settle(client);
      assert.equal((await worker.task(child))['state'], state);
      for (const run of await worker.start(10)) await worker.finish([ended(run, 'completed')]);
    }
    assert.deepEqual(await checkLog(client), []);
  });

  test('what comes after it comes after the one that takes the key meanwhile', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using holder = await connect(database.url);
    const { client } = worker;
    await holder.query('begin');
    const [standing] = await enqueueBatch(holder, { unique: { key: 'k' } });
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
    const batch = enqueueBatch(
      client,
      { id: third, after: [second], unique: { key: 'l' }, resources: ['/a/'] },
      { id: second, after: [first], resources: ['/a/'] },
      { id: first, unique: { key: 'k' } },
      { resources: ['/a/'] },
    );
    await untilWaiting(holder);
    await holder.query('commit');
    const ids = await batch;
    assert.deepEqual(ids.slice(0, 3), [third, second, standing]);
    assert.deepEqual(await afterOf(client, second), [standing]);
    const begun: string[] = [];
    for (;;) {
      await settle(client);
      const runs = await worker.start(10);
      if (runs.length === 0) break;
      begun.push(...runs.map(({ id }) => id));
      await worker.finish(runs.map((run) => ended(run, 'completed')));
    }
    assert.deepEqual(begun.slice(-2), [second, third]);
    assert.deepEqual(begun.toSorted(), [...ids].sort());
    assert.deepEqual(await checkLog(client), []);
  });

  test('it cannot come after what takes its place', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const replacing = { unique: { key: 'k', then: 'replace' } };
    const id = randomUUID();
    await assert.rejects(enqueueBatch(client, {}, { id, ...replacing }, { ...replacing, after: [id] }), {
      code: 'PU041',
      detail: '{"item": 2}',
    });
  });
});

suite('what runs last of its group', () => {
  const type = { type: { defaults: { unique: true } } };

  test('is of that group alone, also where its type says that its tasks are unique', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url, type);
    const { client } = worker;
    const last: string[] = [];
    for (const group of ['g', 'h']) {
      const { rows } = await client.query<{ id: string }>(
        `select finally_task as id from pulp.create_group($1, finally => '{"name": "t"}')`,
        [group],
      );
      const [further] = await enqueueBatch(client, { group, finally: true });
      last.push(rows[0]?.id ?? '', further ?? '');
      await client.query('select pulp.dispatch_group($1)', [group]);
    }
    await settle(client);
    assert.deepEqual((await worker.start(10)).map(({ id }) => id).sort(), last.sort());
    assert.equal(new Set(last).size, 4);
  });

  test('is so where the code of its type is at hand', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    process.env['DATABASE_URL'] = database.url;
    const task = defineTask('t', { unique: true, run: () => undefined });
    try {
      const last = [
        (await createGroup({ id: 'g', finally: { task } })).finallyTask,
        (await createGroup({ id: 'h', finally: { task } })).finallyTask,
        (await enqueueWithReservation(task, [], { group: 'g', finally: true })).id,
      ];
      assert.equal(new Set(last).size, 3);
      const member = await enqueueWithReservation(task, [], { group: 'g' });
      assert.equal((await enqueueWithReservation(task, [], { group: 'h' })).id, member.id);
      assert.equal((await client.query('select from pulp.task')).rowCount, 4);
    } finally {
      await closeConnection();
    }
  });

  test('cannot be asked for as unique', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const unique of [true, { key: 'k' }]) {
      const refusal = { code: 'PU004', message: /^unique: no other task can stand for one that runs last/ };
      const last = { name: 't', unique };
      await assert.rejects(client.query(`select pulp.create_group('g', finally => $1)`, [last]), refusal);
      await assert.rejects(enqueueBatch(client, { ...last, group: 'g', finally: true }), refusal);
    }
    assert.equal((await client.query('select from pulp.created_group')).rowCount, 0);
    await client.query(`select pulp.create_group('g', finally => '{"name": "t", "unique": false}')`);
  });
});
