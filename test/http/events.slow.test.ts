import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createToken, revokeToken } from '../../src/http/access/token.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { EventReader } from './event-reader.ts';
import { Raw } from './raw.ts';
import { Served } from './served.ts';

const listening = async (client: Awaited<ReturnType<typeof connect>>) => {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from pg_stat_activity where datname = current_database() and application_name = 'pulp events'`,
  );
  return rows[0]?.count;
};

/** What the last event of a stream says of why it ended; undefined if it goes on for longer than it may. */
async function endOf(reader: EventReader, patienceMs: number): Promise<unknown> {
  const timer = new AbortController();
  const late = pause(patienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
  const isComplete = await Promise.race([reader.ended, late]);
  timer.abort();
  if (isComplete !== true) return isComplete;
  const { event, data } = reader.events.at(-1) ?? assert.fail('no event');
  return [event, Reflect.get(data, 'status'), Reflect.get(data, 'code')];
}

suite('the stream of events', () => {
  test('counts nobody who has gone before it was there', async () => {
    await using served = await Served.start();
    const { hostname, port } = new URL(served.url);
    const request = `GET /api/v1/events/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${served.tokens.observer}\r\n\r\n`;
    for (let round = 0; round < 70; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, place) => {
          const socket = connectTo(Number(port), hostname).on('error', () => undefined);
          await once(socket, 'connect');
          socket.write(request);
          await pause(place % 5);
          socket.destroy();
        }),
      );
    }
    await using reader = await EventReader.connect(served.url, served.tokens.observer, {
      query: 'after=0:0',
    });
    await served.ask('/api/v1/tasks', { body: { name: 't', unchecked: true } });
    await reader.until(1);
  });

  test('has no gap and nothing twice, for those who come, are cut off and go on while much is written', async () => {
    await using served = await Served.start();
    const token = served.tokens.observer;
    const readers: EventReader[] = [];
    await using all = await EventReader.connect(served.url, token, { query: 'after=0:0' });
    const written: string[] = [];
    const writing = (async () => {
      for (let batch = 0; batch < 40; batch += 1) {
        const tasks = Array.from({ length: 50 }, () => ({ name: 't', unchecked: true }));
        const { data } = await served.ask('/api/v1/tasks/batch', { body: { tasks } });
        written.push(...(data as { ids: string[] }).ids);
      }
    })();
    // One that is cut off again and again, and goes on from what it has seen last.
    const seen: string[] = [];
    let lastEventId = '';
    for (let part = 1; part <= 8; part += 1) {
      await using reader = await EventReader.connect(served.url, token, {
        ...(lastEventId === '' ? { query: 'after=0:0' } : { lastEventId }),
      });
      readers.push(reader);
      const taken = [...(await reader.until(part === 8 ? 1 : 1))];
      seen.push(...taken.map(({ data }) => data.stream_id));
      lastEventId = taken.at(-1)?.id ?? assert.fail('no id');
    }
    await writing;
    await using rest = await EventReader.connect(served.url, token, { lastEventId });
    seen.push(...(await rest.until(written.length - seen.length)).map(({ data }) => data.stream_id));
    assert.deepEqual(seen, written);
    assert.deepEqual(
      (await all.until(written.length)).map(({ data }) => data.stream_id),
      written,
    );
    assert(all.events.every(({ id, event, data }) => id === data.cursor && event === data.type));
  });

  test('costs one session of the database for two hundred who listen, who hear all the same', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const readers = await Promise.all(
      Array.from({ length: 200 }, () =>
        EventReader.connect(served.url, served.tokens.observer, { query: 'type=TaskEnqueued' }),
      ),
    );
    assert(readers.every(({ status }) => status === 200));
    await until(async () => (await listening(client)) === 1);
    const ids = [
      await served.enqueue({ name: 'a' }),
      await served.enqueue({ name: 'b' }),
      await served.enqueue({ name: 'c' }),
    ];
    for (const reader of readers)
      assert.deepEqual(
        (await reader.until(3)).map(({ data }) => data.stream_id),
        ids,
      );
    assert.equal(await listening(client), 1);
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::integer as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    assert(Number(rows[0]?.count) <= 6, `${rows[0]?.count} sessions`); // with the pool of the process
    await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
    await until(async () => (await listening(client)) === 0);
  });

  test('comes soon after the commit', async () => {
    await using served = await Served.start();
    await using reader = await EventReader.connect(served.url, served.tokens.observer);
    await served.enqueue({ name: 'first' });
    await reader.until(1);
    const delays: number[] = [];
    for (let turn = 2; turn <= 11; turn += 1) {
      await served.enqueue({ name: 't' });
      const begun = performance.now();
      await reader.until(turn);
      delays.push(performance.now() - begun);
    }
    assert((delays.sort((a, b) => a - b)[5] ?? Infinity) < 250, `${delays.join(', ')} ms`);
  });

  test('is filtered by type, kind and stream', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 'a' });
    const query = `after=0:0&type=TaskCanceled,TaskEnqueued&kind=task&stream=${id}`;
    await using reader = await EventReader.connect(served.url, served.tokens.observer, { query });
    await served.enqueue({ name: 'other' });
    await served.ask(`/api/v1/tasks/${id}/cancel`, { body: {} });
    assert.deepEqual(
      (await reader.until(2)).map(({ event }) => event),
      ['TaskEnqueued', 'TaskCanceled'],
    );
  });

  test('ends within five seconds for those whose token was revoked or expires, and for nobody else', async () => {
    await using served = await Served.start();
    const revoked = await createToken({ actor: 'revoked', role: 'observer' });
    const expiresAt = new Date(Date.now() + 1500);
    const expiring = await createToken({ actor: 'expiring', role: 'observer', expiresAt });
    const follow = (token: string) => EventReader.connect(served.url, token, { query: 'kind=task' });
    await using ofRevoked = await follow(revoked.token);
    await using alsoOfRevoked = await follow(revoked.token);
    await using ofExpiring = await follow(expiring.token);
    await using ofAnother = await follow(served.tokens.observer);
    await served.enqueue({ name: 'before' });
    for (const reader of [ofRevoked, alsoOfRevoked, ofExpiring]) await reader.until(1);
    await revokeToken(revoked.id);
    const bound = 5000 + 2000; // and what a busy machine takes
    const refused = ['failed', 401, 'NOT_AUTHENTICATED'];
    assert.deepEqual(
      await Promise.all([
        endOf(ofRevoked, bound),
        endOf(alsoOfRevoked, bound),
        endOf(ofExpiring, bound + 1500),
      ]),
      [refused, refused, refused],
    );
    await using again = await follow(revoked.token);
    assert.equal(again.status, 401);
    await served.enqueue({ name: 'after' });
    assert.deepEqual(
      (await ofAnother.until(2)).map(({ event }) => event),
      ['TaskEnqueued', 'TaskEnqueued'],
    );
    assert.equal(ofRevoked.events.length, 2);
  });

  test('ends for those who may not read the log any more, before anything of others, however much waits for them', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const tasks = Array.from({ length: 100 }, () => ({
      name: 't',
      unchecked: true,
      args: ['x'.repeat(5000)],
    }));
    for (let batch = 0; batch < 30; batch += 1) await served.ask('/api/v1/tasks/batch', { body: { tasks } });
    using stuck = await Raw.to(served.url);
    stuck.send(
      `GET /api/v1/events/stream?after=0:0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${served.tokens.submitter}\r\n\r\n`,
    );
    await stuck.until(/retry/);
    stuck.socket.pause();
    await using ofSubmitter = await EventReader.connect(served.url, served.tokens.submitter);
    await using ofObserver = await EventReader.connect(served.url, served.tokens.observer);
    await using ofOperator = await EventReader.connect(served.url, served.tokens.operator);
    await served.enqueue({ name: 'shared' });
    for (const reader of [ofSubmitter, ofObserver]) await reader.until(1);
    await client.query(`select pulp.set_policy('owner')`);
    await served.enqueue({ name: 'apart' });
    const refused = ['failed', 403, 'NOT_ALLOWED'];
    assert.deepEqual(await Promise.all([endOf(ofSubmitter, 10_000), endOf(ofObserver, 10_000)]), [
      refused,
      refused,
    ]);
    for (const reader of [ofSubmitter, ofObserver]) assert.equal(reader.events.length, 2);
    assert.deepEqual(
      (await ofOperator.until(3)).map(({ event }) => event),
      ['TaskEnqueued', 'PolicyChanged', 'TaskEnqueued'],
    );
    stuck.socket.resume();
    assert.match(await stuck.until(/^event: (failed|PolicyChanged)$/m), /^event: failed$/m);
  });

  test('is not held up by one who does not read, and keeps little for him', async () => {
    await using served = await Served.start();
    using stuck = await Raw.to(served.url);
    stuck.send(
      `GET /api/v1/events/stream?after=0:0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${served.tokens.observer}\r\n\r\n`,
    );
    await stuck.until(/retry/);
    stuck.socket.pause();
    await using reader = await EventReader.connect(served.url, served.tokens.observer);
    global.gc?.();
    const before = process.memoryUsage().rss;
    const written: string[] = [];
    for (let batch = 0; batch < 30; batch += 1) {
      const tasks = Array.from({ length: 100 }, () => ({
        name: 't',
        unchecked: true,
        args: ['x'.repeat(5000)],
      }));
      const { data } = await served.ask('/api/v1/tasks/batch', { body: { tasks } });
      written.push(...(data as { ids: string[] }).ids);
    }
    assert.deepEqual(
      (await reader.until(3000)).map(({ data }) => data.stream_id),
      written,
    );
    assert(process.memoryUsage().rss - before < 400 * 2 ** 20);
    // When he reads on he has missed nothing.
    stuck.socket.resume();
    const count = () => stuck.received.match(/^event: TaskEnqueued$/gm)?.length ?? 0;
    await until(() => count() === 3000, 60_000);
  });

  test('opens nothing for HEAD, refuses what is no place in the log, and says when the log was rewound', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const head = await served.ask('/api/v1/events/stream', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
    await pause(300);
    assert.equal(await listening(client), 0);
    await served.enqueue({ name: 't' });
    await using reader = await EventReader.connect(served.url, served.tokens.observer, {
      query: 'after=0:0',
    });
    const [first] = await reader.until(1);
    const [, tx = '', position = ''] = first?.id?.split(':') ?? [];
    const lost = `2:${tx}:${position}`;
    await using ahead = await EventReader.connect(served.url, served.tokens.observer, { lastEventId: lost });
    assert.equal(ahead.status, 400);
  });

  test('leaves nothing behind when clients come and go', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    for (let turn = 0; turn < 5; turn += 1) {
      const readers = await Promise.all(
        Array.from({ length: 20 }, () =>
          EventReader.connect(served.url, served.tokens.observer, { query: 'after=0:0' }),
        ),
      );
      await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
    }
    await until(async () => (await listening(client)) === 0);
  });
});
