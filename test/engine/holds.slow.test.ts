import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { untilWaiting } from '../support/until-waiting.ts';
import { until } from '../support/until.ts';
import { WorkerSession } from './worker-session.ts';

describe('a hold', () => {
  test('stands in line with tasks, is granted in its turn, and has a fence that rises', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    const first = await worker.enqueue({ resources: ['/a/'] });
    const hold = await request(client, ['/a/'], { reason: 'backup' });
    const second = await request(client, ['/a/', '/b/']);
    const last = await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    const run = await worker.startOne();
    assert.equal(run.id, first);
    assert.deepEqual(await stateOf(client, hold), { state: 'waiting', fence: null });
    assert.deepEqual(
      await worker.finishAndStart([{ ...run, outcome: 'completed' }], 10),
      [],
      'not handed on to a hold',
    );
    await worker.grant();
    const granted = await stateOf(client, hold);
    assert.equal(granted.state, 'granted');
    const { rows } = await client.query(
      `select task_id, mode, state from pulp.reservation where resource = '/a/' order by position`,
    );
    assert.deepEqual(rows, [
      { task_id: hold, mode: 'exclusive', state: 'granted' },
      { task_id: second, mode: 'exclusive', state: 'waiting' },
      { task_id: last, mode: 'exclusive', state: 'waiting' },
    ]);
    assert.deepEqual(await checkLog(client), []);
    await client.query('select pulp.release_hold($1)', [hold]);
    await worker.grant();
    const next = await stateOf(client, second);
    assert.ok(Number(next.fence) > Number(granted.fence));
    await client.query('select pulp.release_hold($1)', [second]);
    await worker.grant();
    assert.equal((await worker.startOne()).id, last);
    await assert.rejects(stateOf(client, hold), { code: 'PU031', message: /is over, or never was/ });
    const events = await client.query(
      `select type, data - 'exclusive_resources' - 'shared_resources' as data from pulp.event where stream_id = 'hold/' || $1 order by version`,
      [hold],
    );
    assert.deepEqual(events.rows, [
      { type: 'HoldRequested', data: { options: null, reason: 'backup', seconds: null, lease_seconds: 30 } },
      { type: 'HoldGranted', data: {} },
      { type: 'HoldReleased', data: { why: 'released', reason: null } },
    ]);
  });

  test('shares, takes units, and counts for the rate as a task does', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    await client.query(`select pulp.set_capacity('/gpu/', 3)`);
    const hold = await request(client, [], { units: { '/gpu/': 2 } });
    const one = await worker.enqueue({ shared_resources: ['/gpu/'] });
    const two = await worker.enqueue({ shared_resources: ['/gpu/'] });
    await worker.grant();
    assert.equal((await stateOf(client, hold)).state, 'granted');
    const run = await worker.startOne();
    assert.equal(run.id, one);
    assert.deepEqual(await worker.start(10), []);
    const { rows } = await client.query<{
      why: { reasons: string[]; claims: { held_by: { hold: unknown }[] }[] };
    }>('select pulp.why($1) as why', [two]);
    assert.equal(rows[0]?.why.reasons[0], 'units_taken');
    assert.deepEqual(
      rows[0].why.claims[0]?.held_by.map((holder) => holder.hold).filter((told) => told !== null),
      [{ actor: 'pulp', reason: null, until: null }],
    );
    assert.deepEqual(await checkLog(client), []);
    await client.query(`select pulp.set_rate('/gpu/', 1, 600)`);
    await client.query('select pulp.release_hold($1)', [hold]);
    const third = await request(client, [], {}, ['/gpu/']);
    await worker.grant();
    assert.equal((await worker.startOne()).id, two);
    assert.equal((await stateOf(client, third)).state, 'waiting');
    assert.deepEqual(await checkLog(client), []);
  });

  test('ends when its time is over, or without a sign of life, also in line', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    const timed = await request(client, ['/a/'], { seconds: 0.3, lease_seconds: null });
    const silent = await request(client, ['/b/'], { lease_seconds: 1 });
    const inLine = await request(client, ['/a/', '/b/'], { lease_seconds: 1 });
    const alive = await request(client, ['/c/'], { lease_seconds: 1 });
    await worker.grant();
    await until(async () => {
      await worker.grant();
      await client.query('select pulp.renew_hold($1)', [alive]);
      return (await client.query('select from pulp.hold')).rowCount === 1;
    });
    const { rows } = await client.query<{ id: string; why: string }>(
      `select substr(stream_id, 6) as id, data ->> 'why' as why from pulp.event where type = 'HoldReleased'`,
    );
    assert.deepEqual(
      new Map(rows.map(({ id, why }) => [id, why])),
      new Map([
        [timed, 'expired'],
        [silent, 'lost'],
        [inLine, 'lost'],
      ]),
    );
    assert.deepEqual(await checkLog(client), []);
  });

  test('is asked for once by its id, and rightly', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    const id = '0196a000-0000-7000-8000-000000000001';
    await request(client, ['/a/'], { id });
    await request(client, ['/a/'], { id });
    await using other = await connect(scene.url);
    const same = '0196a000-0000-7000-8000-000000000002';
    await other.query('begin');
    await request(other, ['/a/'], { id: same });
    const again = request(client, ['/a/'], { id: same });
    await untilWaiting(other);
    await other.query('commit');
    assert.equal(await again, same);
    const { rows: events } = await client.query(
      `select type from pulp.event where stream_id = 'hold/${same}'`,
    );
    assert.deepEqual(events, [{ type: 'HoldRequested' }]);
    await client.query('select pulp.release_hold($1)', [same]);
    assert.equal((await client.query('select from pulp.hold')).rowCount, 1);
    const task = await worker.enqueue();
    for (const [resources, options, message] of [
      [[], {}, /resources: name one at least/],
      [[''], {}, /resources\[0\]: must be a URL path/],
      [['/a/'], { id: 'x' }, /id: must be a UUID/],
      [['/a/'], { id: task }, /id: it is that of a task/],
      [['/a/'], { seconds: 0 }, /seconds: must be/],
      [['/a/'], { seconds: '1' }, /seconds: must be/],
      [['/a/'], { lease_seconds: 'x' }, /lease_seconds: must be/],
      [['/a/'], { lease_seconds: 0 }, /lease_seconds: must be/],
      [['/a/'], { lease_seconds: null }, /needs an end/],
      [['/a/'], { reason: 1 }, /reason: must be/],
      [['/a/'], { units: { '/a/': 1 } }, /claimed exclusively/],
      [['/a/'], { colour: 'red' }, /colour: unknown key; known are id/],
      [Array.from({ length: 257 }, (_, i) => `/${i}/`), {}, /at most 256/],
    ] as const) {
      await assert.rejects(request(client, [...resources], options), { message }, JSON.stringify(options));
    }
    assert.equal((await client.query('select from pulp.hold')).rowCount, 1);
  });

  test('is told from the log: as it was, checked and rebuilt', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    const hold = await request(client, ['/a/']);
    await worker.grant();
    const { rows: then } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
    const waiting = await request(client, ['/a/']);
    await client.query('select pulp.release_hold($1)', [hold]);
    await worker.grant();
    const { rows: past } = await client.query('select id, state from pulp.hold_at($1)', [then[0]?.at]);
    assert.deepEqual(past, [{ id: hold, state: 'granted' }]);
    const stranger = '0196a000-0000-7000-8000-00000000000f';
    await client.query(`
      update pulp.hold set reason = 'another';
      delete from pulp.reservation;
      insert into pulp.reservation select '/b/', '${stranger}', 'exclusive', 'granted', 1, now(), now()`);
    const { rows: wrong } = await client.query(
      `select distinct rule, stream_id from pulp.verify_holds() order by 1, 2`,
    );
    assert.deepEqual(
      wrong,
      [
        { rule: 'claims_of_holds', stream_id: `hold/${waiting}` },
        { rule: 'claims_of_holds', stream_id: `hold/${stranger}` },
        { rule: 'hold_as_folded', stream_id: `hold/${waiting}` },
      ].sort((a, b) => `${a.rule}${a.stream_id}`.localeCompare(`${b.rule}${b.stream_id}`)),
    );
    await client.query('select pulp.rebuild_holds()');
    assert.deepEqual(await checkLog(client), []);
  });

  test('beside a task on the same resource is found in the log', async () => {
    await using scene = await open();
    const { worker, client } = scene;
    const hold = await request(client, ['/a/']);
    await worker.grant();
    await client.query('select pulp.release_hold($1)', [hold]);
    await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    await worker.startOne();
    await client.query(`
      alter table pulp.event_single disable trigger user;
      update pulp.event_single set position = position + 100000000 where type = 'HoldReleased'`);
    const { rows } = await client.query('select distinct rule from pulp.verify_runs_apart()');
    assert.deepEqual(rows, [{ rule: 'runs_apart' }]);
  });
});

interface Opened extends AsyncDisposable {
  readonly url: string;
  readonly worker: WorkerSession;
  readonly client: Client;
}

async function open(): Promise<Opened> {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await createDatabase());
  const worker = opened.use(await WorkerSession.open(url));
  const kept = opened.move();
  return { url, worker, client: worker.client, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function request(
  client: Client,
  resources: string[],
  options: object = {},
  shared: string[] = [],
): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pulp.request_hold($1, $2, $3) as id', [
    resources,
    shared,
    options,
  ]);
  return rows[0]?.id ?? '';
}

async function stateOf(client: Client, hold: string): Promise<{ state: string; fence: string | null }> {
  const { rows } = await client.query<{ state: string; fence: string | null }>(
    'select state, fence from pulp.renew_hold($1)',
    [hold],
  );
  return rows[0] ?? { state: '', fence: null };
}
