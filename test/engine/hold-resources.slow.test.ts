import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import {
  closeConnection,
  createPulp,
  getConnection,
  holdResources,
  listHolds,
  releaseHold,
  type PulpError,
} from '../../src/index.ts';
import { sql } from '../../src/postgres/sql.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { until } from '../support/until.ts';

suite('holdResources', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
  });
  after(async () => {
    await closeConnection();
    await database[Symbol.asyncDispose]();
  });

  test('looks anew for each who asks whether it stands', async () => {
    await using _ = await startManager(database.url);
    await using hold = await holdResources(['/checked/']);
    await hold.check();
    await releaseHold(hold.id);
    const asked = await Promise.allSettled([hold.check(), hold.check()]);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });

  test('resolves when all are granted, and lets go of them at the end of the block', async () => {
    await using manager = await startManager(database.url);
    let fence = 0;
    {
      await using hold = await holdResources(['/a/', new URL('http://host/b/')], {
        reason: 'backup',
        for: '1h',
      });
      assert.partialDeepStrictEqual(await listHolds(), [
        {
          id: hold.id,
          state: 'granted',
          exclusive_resources: ['/a/', '/b/'],
          reason: 'backup',
          fence: hold.fence,
        },
      ]);
      assert.ok(hold.until !== null);
      await hold.check();
      fence = hold.fence;
    }
    assert.deepEqual(await listHolds(), []);
    await using next = await holdResources([], { sharedResources: ['/a/'] });
    assert.ok(next.fence > fence);
    assert.equal(manager.isOver, false);
  });

  test('tells by its signal when it is over before it was let go of', async () => {
    await using _ = await startManager(database.url);
    await using hold = await holdResources(['/a/']);
    const aborted = once(hold.signal, 'abort');
    await releaseHold(hold.id, 'needed at once');
    await aborted;
    assert.equal((hold.signal.reason as PulpError).code, 'HOLD_OVER');
    await assert.rejects(hold.check(), { code: 'HOLD_OVER' });
    await assert.rejects(hold.release(), { code: 'HOLD_OVER' });
  });

  test('leaves the line when its wait is ended, or what it asks for is wrong', async () => {
    const ending = new AbortController();
    const waiting = holdResources(['/a/'], { signal: ending.signal });
    await until(async () => (await listHolds()).length === 1);
    ending.abort(new Error('no longer wanted'));
    await assert.rejects(waiting, /no longer wanted/);
    await assert.rejects(holdResources([]), { code: 'INVALID_INPUT', message: /name one at least/ });
    await assert.rejects(holdResources(['/a/'], { for: 'ever' }), { code: 'INVALID_INPUT' });
    await assert.rejects(holdResources([undefined as unknown as string]), { code: 'UNSUPPORTED_RESOURCE' });
    assert.deepEqual(await listHolds(), []);
  });

  test('gives nothing that is granted after its wait was ended', async () => {
    await using manager = await connect(database.url);
    const ending = new AbortController();
    const waiting = holdResources(['/a/'], { signal: ending.signal });
    await until(async () => (await listHolds()).length === 1);
    await manager.query('begin; select pulp.grant_reservations()'); // who looks now waits until it is granted
    await until(async () => (await waitingFor('renew_hold')) === 1);
    ending.abort(new Error('no longer wanted'));
    await until(async () => (await waitingFor('release_hold')) === 1);
    await manager.query('commit');
    await assert.rejects(waiting, /no longer wanted/);
    assert.deepEqual(await listHolds(), []);
  });

  test('keeps its place in line through an outage that is longer than others wait for', async () => {
    await using proxy = await FaultyProxy.open(database.url);
    await using pulp = createPulp({ databaseUrl: proxy.url });
    const waiting = pulp.run(() => holdResources(['/a/']));
    for (let lost = 0; lost < 8; lost++)
      await Promise.race([
        proxy.loseNext(/renew_hold/, 'request'),
        waiting.then(() => assert.fail('it was granted')),
      ]);
    await using _ = await startManager(database.url);
    await using hold = await waiting;
    await hold.check();
  });

  test('makes no error of what is done when the database is away at the end of the block', async () => {
    await using _ = await startManager(database.url);
    await using proxy = await FaultyProxy.open(database.url);
    await using pulp = createPulp({ databaseUrl: proxy.url });
    const warned = once(process, 'warning') as Promise<[Error]>;
    let id = '';
    const done = await pulp.run(async () => {
      await using hold = await holdResources(['/a/']);
      id = hold.id;
      await proxy.refuse();
      return 'done';
    });
    assert.equal(done, 'done');
    assert.match(
      (await warned)[0].message,
      /^the database could not be told that a hold is let go of \(.*30 s/,
    );
    await proxy.accept();
    await releaseHold(id);
  });

  test('lets go of it at the end of the block through a short outage', async () => {
    await using _ = await startManager(database.url);
    await using proxy = await FaultyProxy.open(database.url);
    await using pulp = createPulp({ databaseUrl: proxy.url });
    for (const loss of ['request', 'answer'] as const) {
      const hold = await pulp.run(() => holdResources(['/a/']));
      const lost = proxy.loseNext(/release_hold/, loss);
      await Promise.all([hold[Symbol.asyncDispose](), lost]);
      assert.deepEqual(await listHolds(), []);
    }
  });

  test('works with the database that it was made for, wherever it is let go of', async () => {
    await using other = await createDatabase();
    await using _ = await startManager(other.url);
    await using pulp = createPulp({ databaseUrl: other.url });
    const hold = await pulp.run(() => holdResources(['/a/']));
    await hold.check();
    await hold.release('done');
    assert.deepEqual(await pulp.run(() => listHolds()), []);
  });
});

/** How many statements that call a function wait for somebody's transaction. */
async function waitingFor(name: string): Promise<number | null> {
  const pool = await getConnection();
  const { rowCount } = await pool.query(sql.unsafe`
    select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%' || ${name}::text || '%'`);
  return rowCount;
}

/** Grants all the time, in place of a leader. */
async function startManager(url: string) {
  const client = await connect(url);
  const manager = { isOver: false };
  const life = (async () => {
    while (!manager.isOver) {
      await client.query('select pulp.grant_reservations()');
      await client.query('select pg_sleep(0.01)');
    }
  })();
  return {
    get isOver() {
      return manager.isOver;
    },
    [Symbol.asyncDispose]: async () => {
      manager.isOver = true;
      await life;
      await client.end();
    },
  };
}
