import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { followEvents, type FollowNotice } from '../../src/events/follow.ts';
import { readEvents, type LogEvent } from '../../src/events/read.ts';
import { closeConnection } from '../../src/postgres/connection.ts';
import { percentile } from '../bench/statistics.ts';
import { connect, createDatabase, databaseUrl, type TestDatabase } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { globalSetup, globalTeardown } from '../support/global-setup.ts';
import { until } from '../support/until.ts';

// On a server of its own: a transaction that another test has open would hold back what is read here.
before(globalSetup);
after(globalTeardown);

/** A follower that runs, and what it has given and told so far. */
class Follower implements AsyncDisposable {
  readonly events: LogEvent[] = [];
  readonly notices: FollowNotice[] = [];
  readonly #end = new AbortController();
  readonly #life: Promise<void>;

  constructor(onEvent?: (event: LogEvent) => void) {
    this.#life = this.#follow(onEvent);
  }

  async #follow(onEvent?: (event: LogEvent) => void): Promise<void> {
    const onNotice = (notice: FollowNotice) => this.notices.push(notice);
    for await (const event of followEvents({ signal: this.#end.signal, onNotice })) {
      this.events.push(event);
      onEvent?.(event);
    }
  }

  get streams(): readonly string[] {
    return this.events.map(({ stream_id }) => stream_id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#life;
  }
}

async function openDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  return database;
}

type Client = Awaited<ReturnType<typeof connect>>;

async function enqueue(client: Client, name = 't'): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue($1) as id', [name]);
  return rows[0]?.id ?? '';
}

async function collect(events: AsyncIterable<LogEvent>): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

afterEach(closeConnection);

suite('a follower', () => {
  test('is some milliseconds behind sixteen writers', async () => {
    await using database = await openDatabase();
    const clients = await Promise.all(Array.from({ length: 16 }, () => connect(database.url)));
    const arrivals = new Map<string, number>();
    const follower = new Follower(({ stream_id }) => arrivals.set(stream_id, performance.now()));
    const commits = new Map<string, number>();
    const write = async (client: Client) => {
      for (let count = 0; count < 100; count++) {
        commits.set(await enqueue(client), performance.now());
        await client.query('select pg_sleep(0.005)'); // a load that leaves the machine some time for the reader
      }
    };
    await Promise.all(clients.map(write));
    await until(() => arrivals.size === commits.size);
    await follower[Symbol.asyncDispose]();
    await Promise.all(clients.map((client) => client.end()));
    const lags = [...commits].map(([id, committed]) => (arrivals.get(id) ?? Infinity) - committed);
    assert.ok(percentile(lags, 0.5) < 100, `median lag ${percentile(lags, 0.5)} ms`);
    assert.ok(percentile(lags, 0.99) < 1000, `p99 lag ${percentile(lags, 0.99)} ms`);
  });

  test('goes on where it was when the database is back', async () => {
    await using database = await openDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    process.env['DATABASE_URL'] = proxy.url;
    await using client = await connect(database.url);
    await using follower = new Follower();
    const tasks = [await enqueue(client)];
    await until(() => follower.events.length === 1);
    await proxy.refuse();
    await until(() => follower.notices.length === 1);
    tasks.push(await enqueue(client), await enqueue(client));
    await proxy.accept();
    await until(() => follower.events.length === 3);
    assert.deepEqual(
      follower.notices.map(({ what }) => what),
      ['lost', 'back'],
    );
    assert.deepEqual(follower.streams, tasks);
  });

  test('fails at once where there is no database, or none of ours', async () => {
    process.env['DATABASE_URL'] = 'postgresql://127.0.0.1:1/none';
    await assert.rejects(collect(followEvents()), { code: 'DATABASE_UNREACHABLE' });
    await closeConnection();
    process.env['DATABASE_URL'] = databaseUrl('postgres');
    await assert.rejects(collect(followEvents()), { code: 'NOT_MIGRATED' });
  });

  test('tells which transaction holds back what others wrote, also one of another database', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await using holder = await connect(databaseUrl('postgres'));
    await holder.query(`set application_name = 'holder'; begin; select pg_current_xact_id()`);
    const { rows } = await holder.query<{ pid: number; since: Date }>(
      'select pg_backend_pid() as pid, now() as since',
    );
    await using follower = new Follower();
    const task = await enqueue(client);
    await until(() => follower.notices.length === 1);
    assert.partialDeepStrictEqual(follower.notices, [
      { what: 'held', holder: { ...rows[0], application: 'holder', database: 'postgres' } },
    ]);
    assert.deepEqual(follower.events, []);
    await holder.query('commit');
    await until(() => follower.events.length === 1);
    assert.deepEqual(follower.streams, [task]);
    assert.deepEqual(follower.notices.at(-1), { what: 'released' });
  });

  test('ends when its signal aborts, also before it began, and when it is left', async () => {
    await using _ = await openDatabase();
    assert.deepEqual(await collect(followEvents({ signal: AbortSignal.abort() })), []);
    const end = new AbortController();
    const ended = collect(followEvents({ signal: end.signal }));
    end.abort();
    assert.deepEqual(await ended, []);
    await using client = await connect(databaseUrl('postgres'));
    await until(async () => {
      const { rowCount } = await client.query(
        `select from pg_stat_activity where application_name = 'pulp events'`,
      );
      return rowCount === 0;
    });
  });

  test('asks next to nothing of the database while nothing happens', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await enqueue(client);
    await using follower = new Follower();
    await until(() => follower.events.length === 1);
    const transactions = async () => {
      const { rows } = await client.query<{ count: number }>(
        `select xact_commit::integer as count from pg_stat_database where datname = current_database()`,
      );
      return rows[0]?.count ?? 0;
    };
    await client.query('select pg_sleep(4)'); // until it has found its slowest pace
    const before = await transactions();
    await client.query('select pg_sleep(5)');
    const rate = ((await transactions()) - before) / 5;
    assert.ok(rate < 5, `${rate} transactions/s`);
  });
});

suite('reading the log', () => {
  test('gives pages of what is asked for', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    const tasks = [];
    for (let number = 0; number < 5; number++) tasks.push(await enqueue(client));
    await client.query('select pulp.cancel($1)', [tasks[1]]);
    await client.query(
      `insert into pulp.event_single (stream_kind, stream_id, version, type, data)
       values ('heartbeat', 'w', 0, 'WorkerHeartbeat', '{}'), ('worker', 'w', 1, 'WorkerOnline', '{}')`,
    );

    const all = await readEvents();
    assert.equal(all.caughtUp, true);
    assert.deepEqual(
      all.events.map(({ type }) => type),
      [...tasks.map(() => 'TaskEnqueued'), 'TaskCanceled', 'WorkerOnline'],
    );
    const [first] = all.events;
    assert.partialDeepStrictEqual(first, { stream_kind: 'task', stream_id: tasks[0], version: 1 });
    assert.ok(first?.recorded_at instanceof Date);

    const types = async (options: Parameters<typeof readEvents>[0]) =>
      (await readEvents(options)).events.map(({ type }) => type);
    assert.deepEqual(await types({ stream: tasks[1] }), ['TaskEnqueued', 'TaskCanceled']);
    assert.deepEqual(await types({ stream: tasks[1], kinds: ['worker'] }), []);
    assert.deepEqual(await types({ types: ['TaskCanceled', 'WorkerOnline'] }), [
      'TaskCanceled',
      'WorkerOnline',
    ]);
    assert.deepEqual(await types({ kinds: ['worker'] }), ['WorkerOnline']);
    assert.deepEqual(await types({ kinds: ['heartbeat', 'worker'] }), ['WorkerHeartbeat', 'WorkerOnline']);
    assert.deepEqual(await types({ types: ['WorkerHeartbeat'] }), ['WorkerHeartbeat']);
    const since = all.events[4]?.recorded_at ?? new Date(NaN);
    assert.deepEqual(
      await types({ since }),
      all.events.filter(({ recorded_at }) => recorded_at >= since).map(({ type }) => type), // some may be of one millisecond
    );

    const page = await readEvents({ types: ['TaskEnqueued'], limit: 2 });
    assert.deepEqual([page.events.length, page.caughtUp], [2, false]);
    const next = await readEvents({ types: ['TaskEnqueued'], limit: 3, after: page.cursor });
    assert.deepEqual(
      next.events.map(({ stream_id }) => stream_id),
      tasks.slice(2),
    );
    assert.deepEqual((await readEvents({ after: all.cursor })).events, []);
  });

  test('takes large facts in pages that fit into memory', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await client.query(
      `insert into pulp.event_single (stream_kind, stream_id, version, type, data)
       select 'resource', n::text, 1, 'T', jsonb_build_object('text', (
         select string_agg(encode(sha256((n * 100000 + part)::text::bytea), 'hex'), '') from generate_series(1, 15000) as part))
       from generate_series(1, 24) as n`,
    );
    const streams = [];
    let pages = 0;
    for (let page = await readEvents(); ; page = await readEvents({ after: page.cursor })) {
      streams.push(...page.events.map(({ stream_id }) => Number(stream_id)));
      pages += 1;
      if (page.caughtUp) break;
    }
    assert.deepEqual(
      streams,
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    assert.ok(pages > 1 && pages < 10, `${pages} pages`);
  });

  test('refuses a cursor that is none, or that is of another log', async () => {
    await using _ = await openDatabase();
    const refused = { name: 'PulpError', code: 'INVALID_INPUT', exitCode: 2 };
    await assert.rejects(readEvents({ after: 'now' }), refused);
    await assert.rejects(readEvents({ after: '999999999999:1' }), refused);
    await assert.rejects(readEvents({ stream: 'w', kinds: ['heartbeat'] }), refused);
  });

  test('is for observers too, in SQL as well', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    const task = await enqueue(client);
    await client.query('set role pulp_observer');
    const { rows } = await client.query<{ stream_id: string; after: string }>(
      `select stream_id, tx || ':' || position as after from pulp.events_after(since => now() - interval '1 hour')`,
    );
    assert.deepEqual(
      rows.map(({ stream_id }) => stream_id),
      [task],
    );
    const rest = await client.query('select from pulp.events_after($1)', [rows[0]?.after]);
    assert.equal(rest.rowCount, 0);
    await client.query('select pulp.event_horizon(), pulp.event_cursor_at(now()), pulp.event_holder()');
    await assert.rejects(client.query(`select from pulp.events_after(kinds => '{tasks}')`), {
      code: 'PU004',
    });
  });
});
