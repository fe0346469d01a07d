import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import type { Client } from 'pg';
import { followEvents } from '../../src/events/follow.ts';
import { currentCursor, readEvents, type LogEvent } from '../../src/events/read.ts';
import { closeConnection } from '../../src/postgres/connection.ts';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { globalSetup, globalTeardown } from '../support/global-setup.ts';

// On a server of its own: a transaction that another test has open would hold back what is read here.
before(globalSetup);
after(globalTeardown);

const SHORT_WRITERS = 12;
const LONG_WRITERS = 4;
/** Transactions of each short writer; the long ones go on as long as these do. */
const TRANSACTIONS = 60;

/** What the writers know of each other. */
class Crowd {
  readonly #news = new EventEmitter().setMaxListeners(0);
  #commits = 0;
  #busy = SHORT_WRITERS;
  /** Committed tasks that nobody has canceled. */
  readonly #tasks: string[] = [];

  get isBusy(): boolean {
    return this.#busy > 0;
  }

  committed(tasks: readonly string[]): void {
    this.#commits += 1;
    this.#tasks.push(...tasks);
    this.#news.emit('change');
  }

  finished(): void {
    this.#busy -= 1;
    this.#news.emit('change');
  }

  /** A task for one writer alone, so that nobody waits for a lock of somebody who waits for him. */
  takeTask(): string | undefined {
    return this.#tasks.pop();
  }

  /** Waits until others have committed so many transactions more, or nobody is left who will. */
  async commits(count: number): Promise<void> {
    const wanted = this.#commits + count;
    while (this.isBusy && this.#commits < wanted) await once(this.#news, 'change');
  }
}

/** Has the queue made, for which everybody would wait as long as the first to use it has not committed. */
async function makeQueue(client: Client): Promise<void> {
  await client.query(`select pulp.enqueue('t')`);
}

async function enqueue(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `select pulp.enqueue('t', resources => case when $1 then array['/r/' || $2::text] else '{}' end) as id`,
    [randomInt(3) === 0, randomInt(5)],
  );
  return rows[0]?.id ?? '';
}

/** Enqueues some tasks, a part of them in savepoints that may be rolled back; gives those that are left. */
async function enqueueSome(client: Client): Promise<string[]> {
  const tasks = [await enqueue(client)];
  for (let more = randomInt(3); more > 0; more--) {
    await client.query('savepoint s');
    const task = await enqueue(client);
    if (randomInt(2) === 0) await client.query('rollback to savepoint s');
    else tasks.push(task);
  }
  return tasks;
}

/** Ends a transaction one way or the other; says whether it was committed. */
async function end(client: Client): Promise<boolean> {
  const isCommit = randomInt(4) > 0;
  await client.query(isCommit ? 'commit' : 'rollback');
  return isCommit;
}

async function writeShort(client: Client, crowd: Crowd): Promise<void> {
  for (let count = 0; count < TRANSACTIONS; count++) {
    await client.query('begin');
    const tasks = await enqueueSome(client);
    crowd.committed((await end(client)) ? tasks : []);
  }
  crowd.finished();
}

/** Begins to write, lets others commit, and then appends to streams that they have begun, as an older transaction. */
async function writeLong(client: Client, crowd: Crowd): Promise<void> {
  while (crowd.isBusy) {
    await client.query('begin');
    await enqueueSome(client);
    for (let steps = 1 + randomInt(3); steps > 0; steps--) {
      await crowd.commits(1 + randomInt(20));
      const task = crowd.takeTask();
      if (task !== undefined) await client.query('select pulp.cancel($1)', [task]);
      await enqueue(client);
    }
    await end(client);
  }
}

/** Follows until told to end, and after each random number of events anew from the last cursor. */
async function followInPieces(events: LogEvent[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let left = randomInt(1, 400);
    for await (const event of followEvents({ after: events.at(-1)?.cursor, signal })) {
      events.push(event);
      if (--left === 0) break;
    }
  }
}

async function followAtOnce(events: LogEvent[], signal: AbortSignal): Promise<void> {
  for await (const event of followEvents({ signal })) events.push(event);
}

function keyOf({ stream_id, version }: { readonly stream_id: string; readonly version: number }): string {
  return `${stream_id} ${version}`;
}

suite('a follower among sixteen writers that commit and roll back, soon and late', () => {
  test('gets every event exactly once, each stream by its versions, in the order that every reader sees', async (t) => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    t.after(closeConnection);
    await using stack = new AsyncDisposableStack();
    const clients = await Promise.all(
      Array.from({ length: SHORT_WRITERS + LONG_WRITERS }, async () =>
        stack.use(await connect(database.url)),
      ),
    );
    await makeQueue(clients[0] as Client);
    const end = new AbortController();
    const events: LogEvent[] = [];
    const pieces: LogEvent[] = [];
    const following = Promise.all([followAtOnce(events, end.signal), followInPieces(pieces, end.signal)]);
    const crowd = new Crowd();
    const writing = Promise.all(
      clients.map((client, index) =>
        index < SHORT_WRITERS ? writeShort(client, crowd) : writeLong(client, crowd),
      ),
    );
    await Promise.race([writing, following]);
    const { rows: log } = await (clients[0] as Client).query<{ stream_id: string; version: number }>(
      'select stream_id, version from pulp.event',
    );
    await until(() => events.length >= log.length && pieces.length >= log.length).finally(() => {
      end.abort();
    });
    await following;

    assertSame(events.map(keyOf).sort(), log.map(keyOf).sort());
    const versions = new Map<string, number>();
    for (const { stream_id, version } of events) {
      assert.equal(version, (versions.get(stream_id) ?? 0) + 1, `the next event of ${stream_id}`);
      versions.set(stream_id, version);
    }
    const order = events.map(({ cursor }) => cursor);
    assertSame(
      pieces.map(({ cursor }) => cursor),
      order,
    );
    await t.test('and going on from any cursor gives the rest', async () => {
      for (let tries = 0; tries < 20; tries++) {
        const place = randomInt(events.length);
        const rest = await readAll(order[place]);
        assertSame(rest, order.slice(place + 1));
      }
    });
  });
});

/** Says where two long lists differ first: a list of all differences takes minutes. */
function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const place = expected.findIndex((value, index) => actual[index] !== value);
  assert.equal(actual[place], expected[place], `number ${place}`);
  assert.equal(actual.length, expected.length);
}

async function readAll(after: string | undefined): Promise<string[]> {
  const cursors: string[] = [];
  let cursor = after;
  for (;;) {
    const page = await readEvents({ after: cursor, limit: randomInt(1, 700) });
    cursors.push(...page.events.map((event) => event.cursor));
    cursor = page.cursor;
    if (page.caughtUp) return cursors;
  }
}

suite('a transaction that commits late', () => {
  test('is lost to a reader that pages by position alone, and not to this one', async (t) => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    t.after(closeConnection);
    await using late = await connect(database.url);
    await using early = await connect(database.url);
    const naive = async (after: number) => {
      const { rows } = await early.query<{ position: string; stream_id: string }>(
        'select position, stream_id from pulp.event where position > $1 order by position',
        [after],
      );
      return rows.map(({ position, stream_id }) => ({ position: Number(position), stream: stream_id }));
    };
    await makeQueue(early);
    const start = await currentCursor();
    const before = (await naive(0)).at(-1)?.position ?? 0;

    await late.query('begin');
    const older = await enqueue(late);
    const younger = await enqueue(early);
    const [seen, ...more] = await naive(before);
    assert.deepEqual([seen?.stream, more], [younger, []]);
    const first = await readEvents({ after: start });
    assert.deepEqual(first.events, [], 'the younger one is not decided yet');

    await late.query('commit');
    assert.deepEqual(await naive(seen?.position ?? 0), [], 'the older one is never seen');
    const second = await readEvents({ after: first.cursor });
    assert.deepEqual(
      second.events.map((event) => event.stream_id),
      [older, younger],
    );
  });

  test('and appended to a stream after a younger one comes after it all the same', async (t) => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    t.after(closeConnection);
    await using older = await connect(database.url);
    await using younger = await connect(database.url);
    await using bystander = await connect(database.url);
    await makeQueue(younger);
    await older.query('begin');
    await enqueue(older);
    await bystander.query('begin');
    const task = await enqueue(younger);
    await enqueue(bystander); // keeps the younger one undecided when the older one has ended
    const late = await enqueue(younger);
    for (const id of [task, late]) await older.query('select pulp.cancel($1)', [id]);
    await older.query('commit');
    const first = await readEvents();
    await bystander.query('commit');
    const second = await readEvents({ after: first.cursor });
    const events = [...first.events, ...second.events];
    for (const id of [task, late]) {
      assert.deepEqual(
        events.filter(({ stream_id }) => stream_id === id).map(({ type }) => type),
        ['TaskEnqueued', 'TaskCanceled'],
      );
    }
  });
});
