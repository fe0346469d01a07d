import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { codeOf } from '../support/code-of.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { Login } from '../support/login.ts';
import { ended, settle } from './settling.ts';
import { WorkerSession } from './worker-session.ts';

/** The numbers of a group that are not 0. */
async function numbers(client: Client, id: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<Record<string, string>>(
    `select members, waiting, running, canceling, completed, failed, canceled, skipped from pulp.task_group where id = $1`,
    [id],
  );
  const shown = Object.entries(rows[0] ?? {}).map(([state, number]) => [state, Number(number)] as const);
  return Object.fromEntries(shown.filter(([, number]) => number !== 0));
}

async function create(client: Client, id: string | null, last: object | null = null) {
  const { rows } = await client.query<{ id: string; finally_task: string }>(
    'select id, finally_task from pulp.create_group($1, $2, $3)',
    [id, 'a description', last],
  );
  return rows[0] ?? { id: '', finally_task: '' };
}

suite('groups', () => {
  test('tell how many of their tasks are in each state, whatever becomes of them', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const ids: string[] = [];
    for (const item of [{}, { delay: '1h' }, { resources: ['/a/'] }, { retries: 1 }, {}]) {
      ids.push(await worker.enqueue({ ...item, group: 'g' }));
    }
    await worker.enqueue({ group: 'other' });
    ids.push(await worker.enqueue({ group: 'g', after: [ids[0]] }));
    assert.deepEqual(await numbers(client, 'g'), { members: 6, waiting: 6 });
    const runs = new Map((await worker.start(10)).map((run) => [run.id, run]));
    const end = async (place: number, outcome: string) => {
      const run = runs.get(ids[place] ?? '');
      assert(run !== undefined);
      await worker.finish([ended(run, outcome)]);
    };
    assert.deepEqual(await numbers(client, 'g'), { members: 6, waiting: 3, running: 3 });
    await client.query('select pulp.cancel($1)', [ids[4]]);
    await end(3, 'failed'); // and is tried again
    assert.deepEqual(await numbers(client, 'g'), { members: 6, waiting: 4, running: 1, canceling: 1 });
    await end(4, 'canceled');
    await end(0, 'failed');
    await settle(client);
    await client.query('select pulp.cancel($1)', [ids[1]]);
    const before = { members: 6, waiting: 2, failed: 1, canceled: 2, skipped: 1 };
    assert.deepEqual(await numbers(client, 'g'), before);
    assert.deepEqual(await checkLog(client), []);
    await client.query('select pulp.sum_group_flow()');
    await client.query('select pulp.retry($1)', [ids[0]]);
    await client.query(`select pulp.purge_tasks(now() + interval '1h', states => '{canceled}')`);
    assert.deepEqual(await numbers(client, 'g'), { members: 4, waiting: 3, skipped: 1 });
    assert.deepEqual(await checkLog(client), []);
    const { rows } = await client.query('select * from pulp.group_ids() as id');
    assert.deepEqual(rows, [{ id: 'g' }, { id: 'other' }]);
  });

  test('have a last task, which runs when all are dispatched and over', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const { id, finally_task: last } = await create(client, null, {
      name: 't',
      resources: ['/a/'],
      priority: 3,
    });
    assert.deepEqual(await numbers(client, id), { members: 1, waiting: 1 });
    const [first, second] = [await worker.enqueue({ group: id }), await worker.enqueue({ group: id })];
    const runs = new Map((await worker.start(10)).map((run) => [run.id, run]));
    const run = (which: string) => runs.get(which) ?? assert.fail();
    await worker.finish([ended(run(first), 'failed')]);
    await client.query('select pulp.dispatch_group($1)', [id]);
    await client.query('select pulp.dispatch_group($1)', [id]); // says nothing new
    await settle(client);
    const { rows: why } = await client.query<{ awaits: object[] }>(
      `select pulp.why($1) -> 'awaits' as awaits`,
      [last],
    );
    assert.deepEqual(why[0]?.awaits, [{ kind: 'group', id, dispatched: true, unfinished: 1 }]);

    // Nobody comes in any more but from within.
    assert.equal(await codeOf(worker.enqueue({ group: id })), 'PU044');
    assert.equal(await codeOf(worker.enqueue({ group: id, parent_id: first })), 'PU044');
    const late = await worker.enqueue({ group: id, parent_id: second });
    await worker.finish([ended(run(second), 'completed')]);
    await settle(client);
    assert.equal((await worker.task(last))['state'], 'waiting');
    const lateRun = await worker.startOne();
    assert.equal(lateRun.id, late);
    await worker.finish([ended(lateRun, 'completed')]);
    await settle(client);
    const lastRun = await worker.startOne();
    assert.equal(lastRun.id, last);
    await worker.finish([ended(lastRun, 'completed')]);
    assert.deepEqual(await numbers(client, id), { members: 4, completed: 3, failed: 1 });
    const { rows: events } = await client.query(
      `select type from pulp.event where stream_kind = 'system' and stream_id = $1 order by version`,
      [`group/${id}`],
    );
    assert.deepEqual(events, [{ type: 'GroupCreated' }, { type: 'GroupDispatched' }]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('may have several last tasks, one of which comes after the other, and none before all are there', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const { id, finally_task: last } = await create(client, 'g', { name: 't' });
    const veryLast = await worker.enqueue({ group: id, finally: true, after: [last], on: 'finish' });
    const member = await worker.enqueue({ group: id });
    await client.query('select pulp.cancel($1)', [member]);
    await settle(client);
    assert.deepEqual(await worker.start(10), []);
    await client.query('select pulp.dispatch_group($1)', [id]);
    await settle(client);
    const run = await worker.startOne();
    assert.equal(run.id, last);
    await worker.finish([ended(run, 'failed')]);
    await settle(client);
    assert.equal((await worker.startOne()).id, veryLast);
    assert.deepEqual(await checkLog(client), []);
  });

  test('are dispatched when whoever enqueues into them beside is done', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using other = await connect(database.url);
    const { finally_task: last } = await create(client, 'g', { name: 't' });
    await other.query('begin');
    await other.query(`select pulp.enqueue('t', options => '{"group": "g"}')`);
    const dispatched = client.query(`select pulp.dispatch_group('g')`);
    await settle(other);
    await other.query('commit');
    await dispatched;
    await settle(client);
    const { rows } = await client.query('select from pulp_boss.job where id = $1', [last]);
    assert.equal(rows.length, 0);
    assert.deepEqual(await numbers(client, 'g'), { members: 2, waiting: 2 });
    assert.deepEqual(await checkLog(client), []);
  });

  test('are refused with what is wrong; nothing is written then', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const refused: readonly (readonly [string, string])[] = [
      [`select pulp.create_group('')`, 'PU004'],
      [`select pulp.create_group(repeat('x', 257))`, 'PU004'],
      [`select pulp.create_group('g', repeat('x', 16385))`, 'PU004'],
      [`select pulp.create_group('g', finally => '[]')`, 'PU004'],
      [`select pulp.create_group('g', finally => '{"name": "t", "group": "h"}')`, 'PU004'],
      [`select pulp.create_group('g', finally => '{"name": "1"}')`, 'PU004'],
      [`select pulp.dispatch_group('g')`, 'PU042'],
      [`select pulp.enqueue('t', options => '{"group": "g", "finally": true}')`, 'PU042'],
    ];
    for (const [statement, code] of refused)
      assert.equal(await codeOf(client.query(statement)), code, statement);
    const { rows } = await client.query(
      'select from pulp.task union all select from pulp.created_group union all select from pulp.event_batch union all select from pulp.group_flow',
    );
    assert.equal(rows.length, 0);
    await create(client, 'g');
    assert.equal(await codeOf(create(client, 'g')), 'PU043');
    await using other = await connect(database.url);
    await other.query('begin');
    await create(other, 'h');
    const beside = codeOf(create(client, 'h'));
    await other.query('commit');
    assert.equal(await beside, 'PU043');
  });

  test('are what the log says, also as they were, and are put right', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    await create(client, 'g', { name: 't' });
    await worker.enqueue({ group: 'g' });
    const { rows: moments } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
    await client.query(`select pulp.dispatch_group('g')`);
    const { rows } = await client.query(
      'select g.dispatched as before, n.dispatched as now from pulp.group_at($1) g cross join pulp.group_at() n',
      [moments[0]?.now],
    );
    assert.deepEqual(rows, [{ before: false, now: true }]);
    for (const damage of [
      `update pulp.created_group set description = 'another'`,
      'delete from pulp.created_group',
      `insert into pulp.created_group select 'h', description, owner, dispatched, created_at, created_by, dispatched_at, version from pulp.created_group`,
      'delete from pulp.group_flow',
      `insert into pulp.group_flow values ('g', 'x', 'completed', 5), ('h', null, '', 1)`,
      'delete from pulp.dependency',
    ]) {
      await client.query(damage);
      assert.notDeepEqual((await verify(database.url)).violations, [], damage);
      assert.deepEqual((await rebuild(database.url)).violations, [], damage);
      assert.deepEqual(await numbers(client, 'g'), { members: 2, waiting: 2 }, damage);
      assert.deepEqual(await checkLog(client), [], damage);
    }
  });

  test('of others are not seen where owners are apart', async () => {
    await using alice = await Login.create(['pulp_submitter']);
    await using bob = await Login.create(['pulp_submitter']);
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`select pulp.set_policy('owner')`);
    await using alices = await connect(alice.at(database.url));
    await using bobs = await connect(bob.at(database.url));
    await create(alices, 'g', { name: 't' });
    await alices.query(`select pulp.enqueue('t', options => '{"group": "both"}')`);
    await bobs.query(
      `select pulp.enqueue_batch('[{"name": "t", "group": "both"}, {"name": "t", "group": "both"}]')`,
    );
    for (const statement of [
      `select pulp.enqueue('t', options => '{"group": "g"}')`,
      `select pulp.dispatch_group('g')`,
      `select pulp.create_group('g')`,
    ]) {
      assert.match(await codeOf(bobs.query(statement)), /^PU0(22|42|43)$/, statement);
    }
    const seen = async (who: Client) => {
      const { rows } = await who.query<{ id: string; members: string }>(
        'select id, members from pulp.task_group order by id',
      );
      const { rows: ids } = await who.query<{ id: string }>('select id from pulp.group_ids() as id');
      assert.deepEqual(
        ids.map(({ id }) => id),
        rows.map(({ id }) => id),
      );
      return rows.map(({ id, members }) => `${id} ${members}`);
    };
    assert.deepEqual(await seen(alices), ['both 1', 'g 1']);
    assert.deepEqual(await seen(bobs), ['both 2']);
    assert.deepEqual(await seen(client), ['both 3', 'g 1']);
    for (const table of ['created_group', 'group_flow', 'dependency', 'ending'])
      assert.equal(await codeOf(alices.query(`select from pulp.${table}`)), '42501', table);
  });

  test('refuse a task that would wait for the last one of its own group', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const last = async (id: string) => (await create(client, id, { name: 't' })).finally_task;
    const [g, h] = [await last('g'), await last('h')];
    const between = await worker.enqueue({ after: [g] });
    const refused = async (...items: readonly object[]) => {
      const text = JSON.stringify(items.map((item) => ({ name: 't', ...item })));
      const error: unknown = await client
        .query('select pulp.enqueue_batch($1)', [text])
        .catch((thrown: unknown) => thrown);
      const { code, detail } = error as { code?: string; detail?: string };
      return [code, (JSON.parse(detail ?? '{}') as { item?: number }).item];
    };
    assert.deepEqual(await refused({ group: 'g', after: [g] }), ['PU041', 0], 'itself');
    assert.deepEqual(await refused({}, { group: 'g', after: [between] }), ['PU041', 1], 'by way of another');
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
    assert.deepEqual(
      await refused({ id: a, after: [between] }, { group: 'g', after: [a] }),
      ['PU041', 1],
      'enqueued with it',
    );
    const crossed = [
      { id: a, group: 'g', after: [h] },
      { id: b, group: 'h', after: [g] },
    ];
    assert.deepEqual((await refused(...crossed))[0], 'PU041', 'of two groups at once');
    assert.deepEqual(
      await refused({ id: b, group: 'new', finally: true }, { group: 'new', after: [b] }),
      ['PU041', 1],
      'a new one',
    );

    await worker.enqueue({ group: 'g', after: [h] });
    assert.deepEqual(await refused({ group: 'h', after: [g] }), ['PU041', 0], 'of two groups');
    assert.deepEqual(
      await refused({ group: 'h', after: [between] }),
      ['PU041', 0],
      'of two groups, by way of another',
    );
    await worker.enqueue({ group: 'other', after: [g, h, between] });
    const plain = await worker.enqueue({ group: 'g' });
    await worker.enqueue({ group: 'g', after: [plain] });
    assert.deepEqual(await checkLog(client), []);
  });
});
