import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  closeConnection,
  consume,
  consumeWith,
  createSubscription,
  deleteSubscription,
  listSubscriptions,
  pauseSubscription,
  readSubscription,
  replaySubscription,
  resumeSubscription,
  type LogEvent,
} from '../../src/index.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

async function withDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  await using database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  try {
    await work(database);
  } finally {
    await closeConnection();
    delete process.env['DATABASE_URL'];
  }
}

/** Waits until nothing is held back any more: other tests on this server have transactions open, too. */
async function decided(client: Awaited<ReturnType<typeof connect>>): Promise<void> {
  await until(async () => (await client.query('select from pulp.event_holder()')).rowCount === 0, 60_000);
}

suite('consuming a subscription', { concurrency: false }, () => {
  test('counts nothing of a handler that hides that one of its statements failed', () =>
    withDatabase(async ({ url }) => {
      await using client = await connect(url);
      await createSubscription('billing', { types: ['TaskEnqueued'] });
      await client.query(`select pulp.enqueue('t')`);
      await decided(client);
      const hide = async (_: readonly LogEvent[], by: Pick<typeof client, 'query'>) => {
        await by.query('select 1 / 0').catch(() => undefined);
      };
      await assert.rejects(consume('billing', hide), { code: 'NOT_COMMITTED' });
      await assert.rejects(consume('billing', hide, { follow: true }), { code: 'NOT_COMMITTED' });
      assert.equal(await consume('billing', () => undefined), 1);
    }));

  test('gives what there is, page by page; what a handler that throws has written counts for nothing', () =>
    withDatabase(async ({ url }) => {
      await using client = await connect(url);
      await client.query('create table invoice (task text primary key)');
      assert.equal(await createSubscription('billing', { types: ['TaskEnqueued'] }), undefined);
      await client.query(`select pulp.enqueue('t') from generate_series(1, 25)`);
      await decided(client);
      const pages: number[] = [];
      const write = async (events: readonly LogEvent[], by: Pick<typeof client, 'query'>) => {
        pages.push(events.length);
        for (const event of events) await by.query('insert into invoice values ($1)', [event.stream_id]);
        if (pages.length === 2) throw new Error('out of paper');
      };
      await assert.rejects(consume('billing', write, { atMost: 10 }), /out of paper/);
      assert.equal((await client.query('select from invoice')).rowCount, 10);
      assert.equal(await consume('billing', write, { atMost: 10 }), 15);
      assert.deepEqual(pages, [10, 10, 10, 5]);
      assert.equal((await client.query('select from invoice')).rowCount, 25);
      assert.equal(await consume('billing', write), 0);
      assert.partialDeepStrictEqual(await readSubscription('billing'), {
        kinds: ['task'],
        types: ['TaskEnqueued'],
        given: 25,
        lag_events: 0,
      });
    }));

  test('goes on with what comes, also after its connection was lost, until it is told to end', () =>
    withDatabase(async ({ url }) => {
      await using client = await connect(url);
      await createSubscription('a', { types: ['TaskEnqueued'] });
      await client.query('create table seen (cursor text primary key)');
      const end = new AbortController();
      const consuming = consume(
        'a',
        async (events, by) => {
          for (const { cursor } of events) await by.query('insert into seen values ($1)', [cursor]);
        },
        { follow: true, signal: end.signal },
      );
      for (let round = 1; round <= 3; round++) {
        await client.query(`select pulp.enqueue('t')`);
        await until(async () => (await client.query('select from seen')).rowCount === round, 60_000);
        await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ 'consume' and datname = current_database()`,
        );
      }
      end.abort();
      await consuming;
      assert.deepEqual(await consumeWith(client, 'a'), []);
    }));

  test('handles nothing that comes after it was told to end', () =>
    withDatabase(async ({ url }) => {
      await using client = await connect(url);
      await using other = await connect(url);
      await createSubscription('a', { types: ['TaskEnqueued'] });
      await client.query(`select pulp.enqueue('t')`);
      await decided(client);
      await other.query(`begin; select from pulp.subscription where name = 'a' for update`); // whose turn it is
      const end = new AbortController();
      const consuming = consume('a', () => undefined, { signal: end.signal });
      await until(async () => {
        const { rowCount } = await client.query(
          `select from pg_stat_activity where datname = current_database() and application_name = 'pulp consume' and wait_event_type = 'Lock'`,
        );
        return rowCount === 1;
      });
      end.abort();
      await other.query('commit');
      assert.equal(await consuming, 0);
      assert.equal((await consumeWith(client, 'a')).length, 1);
    }));

  test('in a transaction of the caller moves on when that commits', () =>
    withDatabase(async ({ url }) => {
      await using client = await connect(url);
      await createSubscription('a', { from: 'beginning', names: ['t'] });
      await client.query(`select pulp.enqueue('t') from generate_series(1, 3)`);
      await decided(client);
      for (const end of ['rollback', 'commit']) {
        await client.query('begin');
        const events = await consumeWith(client, 'a', 2);
        assert.deepEqual(
          events.map(({ type, stream_kind }) => [type, stream_kind]),
          [
            ['TaskEnqueued', 'task'],
            ['TaskEnqueued', 'task'],
          ],
        );
        await client.query(end);
      }
      assert.equal((await consumeWith(client, 'a')).length, 1);
      assert.deepEqual(await consumeWith(client, 'a'), []);
    }));

  test('is told what is wrong', () =>
    withDatabase(async () => {
      const nothing = () => undefined;
      await assert.rejects(consume('none', nothing), { code: 'MISSING_SUBSCRIPTION' });
      await assert.rejects(consume('none', nothing, { follow: true }), { code: 'MISSING_SUBSCRIPTION' });
      await assert.rejects(createSubscription('a', { types: ['TaskDone'] }), { code: 'INVALID_INPUT' });
      await assert.rejects(createSubscription('a', { secret: 'x' }), { code: 'INVALID_INPUT' });
      await assert.rejects(createSubscription('a', { url: 'https://example.org/', secret: 'x' }), {
        code: 'INVALID_INPUT',
      });
      await assert.rejects(createSubscription('a\0'), { code: 'INVALID_INPUT' });
      assert.match(
        (await createSubscription('hook', { url: 'https://example.org/', giveUp: '2d' })) ?? '',
        /^whsec_/,
      );
      await assert.rejects(createSubscription('hook'), { code: 'SUBSCRIPTION_EXISTS' });
      await assert.rejects(consume('hook', nothing), { code: 'SUBSCRIPTION_STATE' });
      await assert.rejects(resumeSubscription('hook'), { code: 'SUBSCRIPTION_STATE' });
      await pauseSubscription('hook', 'moving');
      await replaySubscription('hook', new Date(Date.now() - 3_600_000));
      await resumeSubscription('hook');
      await assert.rejects(replaySubscription('hook', '9:9:9'), { code: 'INVALID_INPUT' });
      assert.deepEqual(
        (await listSubscriptions({ limit: 5 })).map(({ name, give_up_seconds: seconds }) => [name, seconds]),
        [['hook', 172_800]],
      );
      await deleteSubscription('hook');
      await assert.rejects(readSubscription('hook'), { code: 'MISSING_SUBSCRIPTION' });
      await createSubscription('a');
      await assert.rejects(consume('a', nothing, { atMost: 0 }), { code: 'INVALID_INPUT' });
    }));
});
