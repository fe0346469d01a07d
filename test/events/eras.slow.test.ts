import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import type { Client } from 'pg';
import { LogRewoundError } from '../../src/errors.ts';
import { followEvents } from '../../src/events/follow.ts';
import { currentCursor, readEvents, type LogEvent } from '../../src/events/read.ts';
import { closeConnection } from '../../src/postgres/connection.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';
import { globalSetup, globalTeardown } from '../support/global-setup.ts';
import { untilWaiting } from '../support/until-waiting.ts';

// On a server of its own: a transaction that another test has open would hold back what is read here.
before(globalSetup);
after(globalTeardown);
afterEach(closeConnection);

async function openDatabase(template?: string): Promise<TestDatabase> {
  const database = await createDatabase(template);
  await goTo(database);
  return database;
}

async function goTo(database: TestDatabase): Promise<void> {
  await closeConnection();
  process.env['DATABASE_URL'] = database.url;
}

async function enqueue(client: Client, name = 't'): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue($1) as id', [name]);
  return rows[0]?.id ?? '';
}

/** As if the server had been promoted since: sessions that have not appended yet find that another era is due. */
async function pretendAnotherTimeline(client: Client): Promise<void> {
  await client.query('update pulp.era set timeline = timeline + 41');
}

async function eras(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ number: number }>(
    'select row_number() over (order by number)::integer as number from pulp.era order by number',
  );
  return rows.map(({ number }) => number);
}

async function readOn(after?: string): Promise<readonly LogEvent[]> {
  return (await readEvents({ after, limit: 1000 })).events;
}

const streams = (events: readonly LogEvent[]) => events.map(({ stream_id }) => stream_id);

async function assertSound({ url }: TestDatabase): Promise<void> {
  assert.deepEqual((await verify(url)).violations, []);
}

suite('whoever appends first begins the era that is due', () => {
  const firsts: Readonly<Record<string, string>> = {
    'who enqueues': `select pulp.enqueue('t')`,
    'who cancels': `select pulp.cancel((select id from pulp.task limit 1))`,
    'a worker that is born': `select pulp.worker_online('v', 'h', 1, '{default}', 1, '[]')`,
    'a sign of life': `select pulp.heartbeat('{w}', array(select incarnation from pulp.worker))`,
    'a sign of life without a session': `select pulp.mark_worker_online('v')`,
    'the end of a worker': `select pulp.mark_worker_offline('w')`,
    'who is elected': `select pulp.stand_for_election('w', false)`,
    'a purge': `select pulp.purge_tasks('infinity')`,
  };
  for (const [what, statement] of Object.entries(firsts)) {
    test(what, async () => {
      await using database = await openDatabase();
      await using earlier = await connect(database.url);
      await enqueue(earlier);
      await earlier.query(`select pulp.cancel(pulp.enqueue('over')); select pulp.mark_worker_online('w')`);
      const before = await readOn();
      const cursor = before.at(-1)?.cursor ?? '';
      await pretendAnotherTimeline(earlier);
      await using client = await connect(database.url);
      await client.query(statement);
      assert.deepEqual(await eras(client), [1, 2]);
      await assertSound(database);
      const { rows } = await client.query<{ low: number }>(
        `select count(*)::integer as low from pulp.event e, pulp.era where number > 1
         and e.recorded_at >= begun_at and (e.position < first_position or e.tx < first_tx)`,
      );
      assert.deepEqual(rows, [{ low: 0 }]);
      const later = (await readEvents({ after: cursor, kinds: ['task', 'worker', 'system', 'heartbeat'] }))
        .events;
      assert.equal(later[0]?.type, 'EraBegun');
      assert.ok(later.length >= 2, 'and what was appended');
    });
  }

  test('migrating does, also where nothing is to be migrated', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await enqueue(client);
    await pretendAnotherTimeline(client);
    assert.deepEqual(await migrate(database.url), { applied: [] });
    assert.deepEqual(await eras(client), [1, 2]);
    await migrate(database.url);
    assert.deepEqual(await eras(client), [1, 2]);
  });

  test('ids alone tell it where the server does not say who it is', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await client.query(`
      update pulp.era set system_identifier = null, timeline = null;
      create or replace function pulp.cluster_history(out system_identifier bigint, out timeline integer)
        language sql stable as 'select null::bigint, null::integer'`);
    await enqueue(client);
    await using second = await connect(database.url);
    await enqueue(second);
    assert.deepEqual(await eras(client), [1]);
    const far = `(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text::xid8`;
    await client.query(
      `insert into pulp.event_single (tx, stream_kind, stream_id, version, type, data) values (${far}, 'worker', 'x', 1, 'T', '{}')`,
    );
    assert.equal((await readOn()).length, 3, 'it is visible before anybody appends');
    await using third = await connect(database.url);
    await enqueue(third);
    assert.deepEqual(await eras(client), [1, 2]);
    assert.equal((await readOn()).length, 5);
    await client.query(`select setval('pulp.event_position', 1)`);
    assert.ok((await verify(database.url)).violations.some(({ rule }) => rule === 'era_current'));
    await client.query('select pulp.begin_era_if_due()');
    assert.deepEqual(await eras(client), [1, 2, 3]);
  });
});

suite('beginnings at the same time', () => {
  test('make one era', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await enqueue(client);
    const { cursor } = await readEvents();
    await pretendAnotherTimeline(client);
    await using stale = await connect(database.url);
    await stale.query('begin isolation level repeatable read; select from pulp.era');
    const sessions = await Promise.all(Array.from({ length: 8 }, () => connect(database.url)));
    const tasks = await Promise.all(sessions.map((session) => enqueue(session)));
    await Promise.all(sessions.map((session) => session.query('select pulp.begin_era_if_due()')));
    assert.deepEqual(await eras(client), [1, 2]);
    tasks.push(await enqueue(stale)); // its snapshot shows the era before
    await stale.query('commit');
    assert.deepEqual(await eras(client), [1, 2]);
    const later = await readOn(cursor);
    assert.equal(later[0]?.type, 'EraBegun');
    assert.deepEqual(streams(later.slice(1)).sort(), tasks.sort());
    await assertSound(database);
    await Promise.all(sessions.map((session) => session.end()));
  });

  test('wait for who is appending, and keep who is about to: no reader passes by what was open', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await using open = await connect(database.url);
    await using other = await connect(database.url);
    await using reader = await connect(database.url);
    const first = await enqueue(client);
    await open.query('begin');
    const held = await enqueue(open);
    await reader.query('begin isolation level repeatable read');
    const horizon = async () => {
      const { rows } = await reader.query<{ at: string }>('select pulp.event_horizon() as at');
      return rows[0]?.at ?? '';
    };
    const old = await horizon();
    const begun = client.query(`select pulp.begin_era('test')`);
    await untilWaiting(open);
    const after = enqueue(other);
    await untilWaiting(open, 2);
    assert.deepEqual(streams(await readOn()), [first]);
    await open.query('commit');
    await begun;
    const last = await after;
    assert.equal(await horizon(), old, 'what its snapshot does not show has not been passed by');
    const all = await readOn();
    assert.deepEqual(streams(all), [first, held, 'era', last]);
    assert.deepEqual(streams(await readOn(old)), [held, 'era', last]);
    assert.deepEqual(
      all.map(({ cursor }) => cursor.startsWith('1:')),
      [true, true, false, false],
    );
    await assertSound(database);
  });
});

suite('a cursor', () => {
  test('is read in every form that was ever given out', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    const tasks = [await enqueue(client), await enqueue(client)];
    const [first] = await readOn();
    await client.query(`select pulp.begin_era('test')`);
    tasks.push(await enqueue(client));
    const all = await readOn();
    const last = all.at(-1)?.cursor ?? '';
    const withoutEra = (cursor = '') => cursor.split(':').slice(1).join(':');
    const [era = ''] = last.split(':');
    assert.match(last, /^\d{12}:\d{15}:\d{15}$/);
    for (const beginning of ['0:0', '1:0:0', undefined]) assert.equal((await readOn(beginning)).length, 4);
    for (const cursor of [first?.cursor, withoutEra(first?.cursor)]) {
      assert.deepEqual(streams(await readOn(cursor)), [tasks[1], 'era', tasks[2]]);
    }
    for (const cursor of [last, withoutEra(last), await currentCursor()]) {
      assert.deepEqual(await readOn(cursor), []);
    }
    assert.deepEqual(streams(await readOn((await readEvents({ since: new Date() })).cursor)), []);
    assert.equal((await readEvents({ since: new Date(0) })).events.length, 4);

    const refused = { code: 'INVALID_INPUT' };
    for (const none of ['', '1', '0:0:0', '1:2:3:4', '1:-2:3', '9999999999999999:1:1', 'x:1:1']) {
      await assert.rejects(readOn(none), refused);
    }
    for (const foreign of [`${era}:999999999999999999:1`, `999999999999:${withoutEra(last)}`]) {
      await assert.rejects(readOn(foreign), { ...refused, message: /lies ahead/ });
    }
    await assert.rejects(readOn(`${Number(era) - 1}:${withoutEra(last)}`), {
      code: 'LOG_REWOUND',
      goOnFrom: '1:0:0',
    });
    await assert.rejects(readOn('1:99999999:1'), { code: 'LOG_REWOUND' });
    await assert.rejects(readOn(`${era}:${withoutEra(first?.cursor)}`), refused);
    await assertSound(database);
  });

  test('of what was lost ends who follows, with what to do', async () => {
    await using database = await openDatabase();
    await using client = await connect(database.url);
    await enqueue(client);
    const kept = (await readOn()).at(-1)?.cursor ?? '';
    await client.query(`select pulp.begin_era('test')`);
    const [, tx, position] = kept.split(':').map(Number);
    const lost = `1:${(tx ?? 0) + 7}:${(position ?? 0) + 9}`;
    const following = (async () => {
      for await (const event of followEvents({ after: lost })) assert.fail(event.type);
    })();
    await assert.rejects(following, (error) => {
      assert.ok(error instanceof LogRewoundError);
      assert.equal(error.goOnFrom, kept);
      assert.match(error.remedy, /at most 7 transactions with 9 positions/);
      return true;
    });
  });
});

/** What a follower has made of the log: which events it has seen, and where it is. */
interface Reader {
  seen: Map<string, LogEvent>;
  cursor: string | undefined;
}

/** What is the same event in every history that has it, and in no other. */
const nameOf = ({ position, stream_id, type }: LogEvent) => `${position} ${stream_id} ${type}`;

suite('followers of a log that is put back again and again', { timeout: 120_000 }, () => {
  test('see each event of the history that they end up in once, and are told of what was lost', async () => {
    await using databases = new AsyncDisposableStack();
    const open = async (template?: string) => databases.use(await openDatabase(template));
    const nameOfDatabase = ({ url }: TestDatabase) => new URL(url).pathname.slice(1);
    let current = await open();
    const backups: TestDatabase[] = [];
    const readers: Reader[] = Array.from({ length: 12 }, () => ({ seen: new Map(), cursor: undefined }));
    let rewound = 0;
    let passed = 0;

    const write = async () => {
      await using client = await connect(current.url);
      for (let count = randomInt(1, 6); count > 0; count--) await enqueue(client);
    };
    const read = async (reader: Reader) => {
      const log = new Map((await readOn()).map((event) => [nameOf(event), event]));
      const hasLost = [...reader.seen.keys()].some((name) => !log.has(name));
      try {
        const page = await readEvents({ after: reader.cursor, limit: randomInt(1, 12) });
        assert.ok(!hasLost, 'it was not told of what was lost');
        for (const event of page.events) {
          assert.ok(!reader.seen.has(nameOf(event)), 'it sees an event again');
          reader.seen.set(nameOf(event), event);
        }
        reader.cursor = page.cursor;
        passed += 1;
      } catch (error) {
        if (!(error instanceof LogRewoundError)) throw error;
        assert.ok(hasLost, 'it is told of a loss that there was not');
        rewound += 1;
        const kept = [...log.values()].slice(0, log.size - (await readOn(error.goOnFrom)).length);
        for (const event of kept) assert.ok(reader.seen.has(nameOf(event)), 'it is sent beyond what it saw');
        reader.seen = new Map(kept.map((event) => [nameOf(event), event]));
        reader.cursor = error.goOnFrom;
      }
      // In order, and without a gap.
      assert.deepEqual([...reader.seen.keys()], [...log.keys()].slice(0, reader.seen.size));
    };
    const backUp = async () => {
      await closeConnection();
      backups.push(await open(nameOfDatabase(current)));
      await goTo(current);
    };
    const putBack = async () => {
      const backup = backups[randomInt(backups.length)];
      if (backup === undefined) return;
      await closeConnection();
      current = await open(nameOfDatabase(backup));
      await using client = await connect(current.url);
      await client.query(`select pulp.begin_era('test')`);
    };

    await write();
    await backUp();
    for (let round = 0; round < 40; round++) {
      await write();
      for (const reader of readers) if (randomInt(3) === 0) await read(reader);
      if (randomInt(4) === 0) await backUp();
      if (randomInt(3) === 0) await putBack();
    }
    for (const reader of readers) {
      for (let last = -1; last !== reader.seen.size;) {
        last = reader.seen.size;
        await read(reader);
      }
    }
    await assertSound(current);
    assert.ok(rewound > 5 && passed > 50, `${rewound} rewound, ${passed} passed`);
  });
});
