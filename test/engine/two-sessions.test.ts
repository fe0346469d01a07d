import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { codeOf } from '../support/code-of.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { until } from '../support/until.ts';
import { untilWaiting } from '../support/until-waiting.ts';
import { ended, settle } from './settling.ts';
import { WorkerSession } from './worker-session.ts';

const ID = '01999999-0000-7000-8000-000000000001';

/** What somebody does in a transaction that is open, and the sessions of others. */
interface Scene extends AsyncDisposable {
  readonly open: Client;
  readonly other: Client;
  readonly worker: WorkerSession;
}

async function openScene(): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await createDatabase());
  const worker = opened.use(await WorkerSession.open(database.url));
  const open = opened.use(await connect(database.url));
  const other = opened.use(await connect(database.url));
  const kept = opened.move();
  return { open, other, worker, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function enqueueBatch(client: Client, ...items: object[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
    JSON.stringify(items.map((item) => ({ name: 't', ...item }))),
  ]);
  return rows.map(({ id }) => id);
}

suite('beside a transaction that is open', () => {
  for (const place of [0, 1, 3]) {
    test(`a batch keeps its claims in order though a unique key is taken meanwhile, by its item ${place}`, async () => {
      await using scene = await openScene();
      const { open, other } = scene;
      await open.query('begin');
      const [holder] = await enqueueBatch(open, { unique: { key: 'k' } });
      const items: object[] = ['/a/', '/b/', '/c/'].map((resource) => ({ resources: [resource] }));
      const batch = enqueueBatch(other, ...items.toSpliced(place, 0, { unique: { key: 'k' } }));
      await untilWaiting(open);
      await open.query('commit');
      const ids = await batch;
      assert.equal(ids[place], holder);
      const { rows } = await other.query<{ task_id: string }>(
        'select r.task_id from pulp.reservation r join pulp.task t on t.id = r.task_id and t.position = r.position order by r.resource',
      );
      assert.deepEqual(
        rows.map(({ task_id }) => task_id),
        ids.toSpliced(place, 1),
      );
      assert.deepEqual(await checkLog(other), []);
    });
  }

  for (const [what, item] of [
    ['unique keys', (number: number) => ({ unique: { key: `k${number}` } })],
    ['ids', (number: number) => ({ id: `01999999-0000-7000-8000-00000000000${number}` })],
  ] as const) {
    test(`batches with the same ${what} in different orders wait for each other, and not in a circle`, async () => {
      await using scene = await openScene();
      const { open, other, worker } = scene;
      await open.query('begin');
      const [middle] = await enqueueBatch(open, item(5));
      const one = enqueueBatch(other, item(1), item(5), item(2));
      await untilWaiting(open);
      const another = enqueueBatch(worker.client, item(2), item(5), item(1));
      await untilWaiting(open, 2);
      await open.query('commit');
      const ids = await one;
      assert.deepEqual(await another, ids.toReversed());
      assert.equal(ids[1], middle);
      assert.deepEqual(await checkLog(other), []);
    });
  }

  test('no task takes the id of a hold, and no hold that of a task', async () => {
    await using scene = await openScene();
    const { other } = scene;
    await other.query(`select pulp.request_hold('{/b/}', options => $1)`, [{ id: ID, seconds: 60 }]);
    assert.equal(await codeOf(enqueueBatch(other, {}, { id: ID, resources: ['/a/'] })), 'PU003');
    await other.query('select pulp.release_hold($1)', [ID]);
    await enqueueBatch(other, { id: ID });
    assert.equal((await other.query('select from pulp.task')).rowCount, 1);
    assert.deepEqual(await checkLog(other), []);
  });

  test('who acts on a schedule that another acts on acts after it', async () => {
    await using scene = await openScene();
    const { open, other } = scene;
    await other.query(`select pulp.create_schedule(
      '{"name": "s", "kind": "every", "rule": "3600", "item": {"name": "t"}}', now() + interval '1 hour')`);
    for (const [first, second] of [
      ['run', 'run'],
      ['run', 'pause'],
      ['resume', 'run'],
      ['pause', 'delete'],
    ] as const) {
      await open.query('begin');
      await open.query(`select pulp.${first}_schedule('s')`);
      const acted = other.query(`select pulp.${second}_schedule('s')`);
      await untilWaiting(open);
      await open.query('commit');
      await acted;
    }
    assert.equal((await other.query('select from pulp.schedule')).rowCount, 0);
    const { rows } = await other.query<{ type: string }>(
      `select type from pulp.event where stream_id = pulp.schedule_stream('s') order by version`,
    );
    assert.deepEqual(
      rows.map(({ type }) => type.replace(/^Schedule|^Occurrence/, '')),
      ['Created', 'Enqueued', 'Enqueued', 'Enqueued', 'Paused', 'Resumed', 'Enqueued', 'Paused', 'Deleted'],
    );
    assert.deepEqual(await checkLog(other), []);
  });

  test('the last task of a group waits for a member that a member enqueues there', async () => {
    await using scene = await openScene();
    const { open, other, worker } = scene;
    await other.query(`select pulp.create_group('g', finally => '{"name": "t"}')`);
    const parent = await worker.enqueue({ group: 'g' });
    await other.query(`select pulp.dispatch_group('g')`);
    const run = await worker.startOne();
    await open.query('begin');
    const [child] = await enqueueBatch(open, { group: 'g', parent_id: parent });
    await worker.finish([ended(run, 'completed')]);
    await other.query('select pulp.grant_reservations()');
    assert.deepEqual(await worker.start(10), []);
    await open.query('commit');
    await settle(other);
    const second = await worker.startOne();
    assert.equal(second.id, child);
    await worker.finish([ended(second, 'completed')]);
    await settle(other);
    await worker.startOne();
    assert.deepEqual(await checkLog(other), []);
  });

  test('a group is created when those who enqueue into one of this name are done', async () => {
    await using scene = await openScene();
    const { open, other, worker } = scene;
    await open.query('begin');
    const [member] = await enqueueBatch(open, { group: 'g' });
    const created = other.query(`select pulp.create_group('g', finally => '{"name": "t"}')`);
    await untilWaiting(open);
    await open.query('commit');
    await created;
    await other.query(`select pulp.dispatch_group('g')`);
    await settle(other);
    assert.deepEqual(
      (await worker.start(10)).map(({ id }) => id),
      [member],
    );
    assert.deepEqual(await checkLog(other), []);
  });

  for (const isolation of ['repeatable read', 'serializable']) {
    test(`a transaction of ${isolation} is to be repeated where it acts on what it does not see`, async () => {
      await using scene = await openScene();
      const { open, other, worker } = scene;
      const young = await worker.enqueue();
      await worker.enqueue({ id: ID });
      const runs = await worker.start(2);
      await worker.finish(runs.map((run) => ended(run, 'completed')));
      for (const [meanwhile, act] of [
        [`select pulp.pause('queue', 'q')`, `select pulp.pause('queue', 'q')`],
        [`select pulp.set_rate('/a/', 1, 60)`, `select pulp.set_rate('/a/', 2, 60)`],
        [
          `select pulp.set_retention('all', '', '{"failed": 61}')`,
          `select pulp.set_retention('all', '', '{"failed": 62}')`,
        ],
        [
          `select pulp.request_hold('{/b/}', options => '{"id": "${ID.replace('1', '2')}"}')`,
          `select pulp.request_hold('{/b/}', options => '{"id": "${ID.replace('1', '2')}"}')`,
        ],
        [`select pulp.create_group('g')`, `select pulp.create_group('g')`],
        [`select pulp.purge_task('${ID}')`, `select pulp.enqueue('t', options => '{"id": "${ID}"}')`],
        [`select pulp.purge_task('${young}')`, `select pulp.enqueue('t', options => '{"id": "${young}"}')`],
      ] as const) {
        await open.query(`begin isolation level ${isolation}`);
        await open.query('select from pulp.task');
        await other.query(meanwhile);
        assert.equal(await codeOf(open.query(act)), '40001', act);
        await open.query('rollback');
      }
      assert.deepEqual(await checkLog(other), []);
    });

    test(`the last task of a group waits for a member of a transaction of ${isolation} that does not see the group`, async () => {
      await using scene = await openScene();
      const { open, other, worker } = scene;
      await open.query(`begin isolation level ${isolation}`);
      await open.query('select from pulp.task'); // its snapshot
      const [member] = await enqueueBatch(open, { group: 'g' });
      const created = other.query(`select pulp.create_group('g', finally => '{"name": "t"}')`);
      await untilWaiting(open);
      await open.query('commit');
      await created;

      await open.query(`begin isolation level ${isolation}`);
      await open.query('select from pulp.task');
      await other.query(`select pulp.create_group('h'), pulp.dispatch_group('g')`);
      for (const group of ['g', 'h']) {
        await open.query('savepoint before');
        assert.equal(await codeOf(enqueueBatch(open, { group })), '40001');
        await open.query('rollback to savepoint before');
      }
      await enqueueBatch(open, { group: 'unknown' });
      await open.query('commit');
      await settle(other);
      const runs = await worker.start(10);
      assert.deepEqual([runs.length, runs[0]?.id], [2, member]);
      assert.deepEqual(await checkLog(other), []);
    });

    test(`all tasks of a group are dispatched when a transaction of ${isolation} that enqueues there is over`, async () => {
      await using scene = await openScene();
      const { open, other } = scene;
      await other.query(`select pulp.create_group('g')`);
      await open.query(`begin isolation level ${isolation}`);
      await enqueueBatch(open, { group: 'g' });
      const dispatched = other.query(`select pulp.dispatch_group('g')`);
      await untilWaiting(open);
      await open.query('commit');
      await dispatched;
      assert.deepEqual(await checkLog(other), []);
    });
  }

  for (const [what, step] of [
    ['acts on a schedule', `select pulp.pause_schedule('s')`],
    ['reads holds', 'select from pulp.hold'],
    ['has enqueued', `select pulp.enqueue('t')`],
  ] as const) {
    test(`a change of the policy keeps nobody waiting, and ends no caller who ${what}`, async () => {
      await using scene = await openScene();
      const { open, other, worker } = scene;
      await other.query(
        `select pulp.create_schedule('{"name": "s", "kind": "every", "rule": "3600", "item": {"name": "t"}}', now() + interval '1 hour')`,
      );
      await open.query('begin');
      await open.query(step);
      const set = other.query(`select pulp.set_policy('owner')`);
      await untilWaiting(open);
      await worker.client.query(`set lock_timeout = '2s'`);
      await worker.enqueue();
      await enqueueBatch(open, { resources: ['/a/'] });
      await open.query('commit');
      await set;
      assert.deepEqual(await checkLog(other), []);
    });
  }

  test('who is the first to name a queue keeps nobody from it that workers serve, and no worker from coming online', async () => {
    await using scene = await openScene();
    const { open, other } = scene;
    await other.query(`set lock_timeout = '2s'`);
    await using server = await WorkerSession.open(scene.worker.url, { name: 'server', queue: 'served' });
    await open.query('begin');
    await enqueueBatch(open, {}, { queue: 'served' }, { queue: 'new' });
    await enqueueBatch(other, {}, { queue: 'served' });
    assert.equal((await server.start(10)).length, 1);
    await using late = await WorkerSession.open(scene.worker.url, { name: 'late', queue: 'new' });
    await open.query('commit');
    assert.equal((await late.start(10)).length, 1);
    assert.deepEqual(await checkLog(other), []);
  });

  test('a worker that is watched by its heartbeats alone comes online once', async () => {
    await using scene = await openScene();
    const { open, other } = scene;
    await open.query('begin');
    await open.query(`select pulp.mark_worker_online('watched')`);
    const again = other.query(`select pulp.mark_worker_online('watched') as came`);
    await untilWaiting(open);
    await open.query('commit');
    assert.deepEqual((await again).rows, [{ came: false }]);
    assert.deepEqual(await checkLog(other), []);
  });

  for (const then of ['commits', 'cancels the task']) {
    test(`a worker passes over a task whose unique key is let go of, by who then ${then}`, async () => {
      await using scene = await openScene();
      const { open, other, worker } = scene;
      const [first] = await enqueueBatch(open, { unique: { key: 'k', for: 0.001 } });
      await open.query(`select pg_sleep(0.01)`);
      await open.query('begin');
      const [second] = await enqueueBatch(open, { unique: { key: 'k' } });
      assert.notEqual(second, first);
      assert.deepEqual(await worker.start(10), []);
      if (then !== 'commits') await open.query('select pulp.cancel($1)', [first]);
      await open.query('commit');
      const started = (await worker.start(10)).map(({ id }) => id);
      assert.deepEqual(started, then === 'commits' ? [first, second] : [second]);
      assert.deepEqual(await checkLog(other), []);
    });
  }

  test('a task that is run again keeps its unique key from who asks for it', async () => {
    await using scene = await openScene();
    const { open, other, worker } = scene;
    const [id] = await enqueueBatch(other, { unique: { key: 'k', for: 1, while: 'unfinished' } });
    await worker.finish([ended(await worker.startOne(), 'failed')]);
    await other.query(
      `select pg_sleep(extract(epoch from (options ->> 'unique_until')::timestamptz - clock_timestamp())) from pulp.task`,
    );
    await open.query('begin');
    await open.query('select pulp.retry($1)', [id]);
    const asked = enqueueBatch(other, { unique: { key: 'k' } });
    await untilWaiting(open);
    await open.query('commit');
    assert.deepEqual(await asked, [id]);
    assert.deepEqual(await checkLog(other), []);
  });

  test('a webhook is given to one who sends', async () => {
    await using scene = await openScene();
    const { open, other, worker } = scene;
    await other.query(
      `select pulp.create_subscription('{"name": "s", "url": "http://example.org/", "from": "beginning"}', '{}')`,
    );
    await enqueueBatch(other, {});
    const take = async (client: Client) => {
      const { rows } = await client.query<{ number: number }>(
        'select jsonb_array_length(deliveries) as number from pulp.take_deliveries(10, 60)',
      );
      return rows[0]?.number;
    };
    // Other tests on this server have transactions open, too, and nothing is given that they might put something before.
    await until(async () => {
      await open.query('begin');
      if ((await take(open)) === 1) return true;
      await open.query('rollback');
      return false;
    });
    await open.query('lock table pulp.event_batch'); // the other has looked at the subscription then
    const taken = take(worker.client);
    await untilWaiting(other);
    await open.query('commit');
    assert.equal(await taken, 0);
  });

  test('a hold that is renewed before it is ended is not ended', async () => {
    await using scene = await openScene();
    const { open, other, worker } = scene;
    const resources = Array.from({ length: 14 }, (_, place) => `/${place}/`);
    for (const resource of resources) await other.query('select pulp.request_hold($1)', [[resource]]);
    await settle(other);
    await other.query(`update pulp.hold_lease set lost_at = clock_timestamp() - interval '1 ms'`);
    await open.query('begin; lock table pulp.event_single in share mode');
    const ends = worker.client.query('select pulp.end_holds()');
    await untilWaiting(open);
    await other.query(`set lock_timeout = '50ms'`);
    const { rows: holds } = await other.query<{ id: string }>('select id from pulp.hold');
    const renewed = [];
    for (const { id } of holds) {
      const code = await codeOf(other.query('select pulp.renew_hold($1)', [id]));
      if (code === 'accepted') renewed.push(id);
      else assert.equal(code, '55P03');
    }
    assert(renewed.length > 0);
    await open.query('commit');
    await ends;
    const { rows: left } = await other.query<{ id: string }>('select id from pulp.hold order by id');
    assert.deepEqual(
      left.map(({ id }) => id),
      renewed.sort(),
    );
    assert.deepEqual(await checkLog(other), []);
  });
});
