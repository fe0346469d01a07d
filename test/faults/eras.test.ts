import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile, appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import {
  closeConnection,
  loadTaskTypes,
  LogRewoundError,
  PulpWorker,
  readEvents,
  verify,
  type LogEvent,
} from '../../src/index.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { dump, restore } from './dump.ts';
import { eventually } from './eventually.ts';
import { OwnServer } from './own-server.ts';
import { Standby } from './standby.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

type Ask = <T>(question: (client: Client) => Promise<T>) => Promise<T>;

/** Reads where this process's commands go from now on. */
async function goTo(url: string): Promise<void> {
  await closeConnection();
  process.env['DATABASE_URL'] = url;
}

/** All that comes after a cursor. */
async function readOn(after?: string): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for (let cursor = after; ;) {
    const page = await readEvents({ after: cursor, limit: 50 });
    events.push(...page.events);
    cursor = page.cursor;
    if (page.caughtUp) return events;
  }
}

/** A follower that has read all there is: what it has seen, and where it is. */
async function follow(): Promise<{ seen: LogEvent[]; cursor: string }> {
  const seen = await readOn();
  return { seen, cursor: seen.at(-1)?.cursor ?? '0:0' };
}

const identity = ({ stream_kind, stream_id, version, type }: LogEvent) =>
  `${stream_kind} ${stream_id} ${version} ${type}`;

async function enqueue(ask: Ask, count: number): Promise<string[]> {
  const { rows } = await ask((client) =>
    client.query<{ id: string }>(
      `select pulp.enqueue('test.double.inline', kwargs => jsonb_build_object('number', n),
         resources => case when n % 2 = 0 then array['/r/'] else '{}' end) as id
       from generate_series(1, $1::integer) as n`,
      [count],
    ),
  );
  return rows.map(({ id }) => id);
}

/** Runs all tasks that wait. */
async function work(url: string, ask: Ask): Promise<void> {
  await goTo(url);
  const registry = await loadTaskTypes(TASKS_FILE);
  const worker = await PulpWorker.create({ registry, tasksFile: TASKS_FILE, name: 'w' });
  const life = worker.run();
  await eventually('all tasks are over', async () => {
    const { rowCount } = await ask((client) =>
      client.query(`select from pulp.task where state not in ('completed', 'failed', 'canceled')`),
    );
    return rowCount === 0;
  });
  worker.stop();
  await life;
}

async function erasOf(ask: Ask): Promise<number[]> {
  const { rows } = await ask((client) =>
    client.query<{ number: number }>(
      'select row_number() over (order by number)::integer as number from pulp.era order by number',
    ),
  );
  return rows.map(({ number }) => number);
}

/** Who goes on from a cursor sees each event of the log that it has not seen, once, in order, and no other. */
async function assertGoesOn(cursor: string, seen: readonly LogEvent[]): Promise<void> {
  const all = (await readOn()).map(identity);
  const known = new Set(seen.map(identity));
  assert.deepEqual(
    (await readOn(cursor)).map(identity),
    all.filter((event) => !known.has(event)),
  );
  assert.equal(new Set(all).size, all.length);
}

/** The cursor from which one is told to go on who has seen what this log does not have. */
async function assertRewound(cursor: string): Promise<string> {
  let goOnFrom = '';
  await assert.rejects(readEvents({ after: cursor }), (error) => {
    assert.ok(error instanceof LogRewoundError);
    assert.equal(error.code, 'LOG_REWOUND');
    assert.ok(error.remedy.includes(error.goOnFrom));
    goOnFrom = error.goOnFrom;
    return true;
  });
  return goOnFrom;
}

async function assertSound(url: string): Promise<void> {
  assert.deepEqual((await verify(url)).violations, []);
}

/** Each of these tasks was enqueued once and has ended once. */
async function assertEndedOnce(tasks: readonly string[]): Promise<void> {
  const events = await readOn();
  for (const task of tasks) {
    const types = events.filter(({ stream_id }) => stream_id === task).map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'TaskEnqueued').length, 1);
    assert.equal(types.filter((type) => type === 'TaskCompleted').length, 1);
  }
}

afterEach(closeConnection);

suite('another history', { timeout: 240_000 }, () => {
  test('by a dump that was restored in a younger cluster: all is visible, and the log goes on', async () => {
    await using old = await OwnServer.start();
    await using young = await OwnServer.startYounger();
    const askOld: Ask = (question) => old.ask(question);
    const askYoung: Ask = (question) => young.ask(question);
    await goTo(old.url);
    // As many transactions as the younger one will not have counted for long.
    await askOld((client) =>
      client.query(
        `do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$`,
      ),
    );
    const ended = await enqueue(askOld, 6);
    await work(old.url, askOld);
    const waiting = await enqueue(askOld, 6);
    const early = await follow();
    const dumped = await askOld(dump);
    const atDump = await follow();
    const lost = await enqueue(askOld, 4);
    const late = await follow();

    await migrate(young.url);
    await askYoung((client) => restore(client, dumped));
    await goTo(young.url);
    const { rows } = await askYoung((client) =>
      client.query<{ behind: boolean }>(
        'select max(tx) > pg_snapshot_xmax(pg_current_snapshot()) as behind from pulp.event',
      ),
    );
    assert.equal(rows[0]?.behind, true, 'the log has ids that the cluster has not given out yet');

    // Before anybody appends.
    assert.deepEqual((await readOn()).map(identity), atDump.seen.map(identity));
    assert.deepEqual(await readOn(early.cursor), []);
    assert.equal(await assertRewound(late.cursor), atDump.cursor);
    assert.ok((await verify(young.url)).violations.some(({ rule }) => rule === 'era_current'));

    // The first to append is a caller, before any worker is there.
    const fresh = await enqueue(askYoung, 4);
    assert.deepEqual(await erasOf(askYoung), [1, 2]);
    await assertGoesOn(early.cursor, early.seen);
    await assertGoesOn(atDump.cursor, atDump.seen);
    assert.equal(await assertRewound(late.cursor), atDump.cursor);
    await assertGoesOn(atDump.cursor, late.seen);
    assert.deepEqual(await migrate(young.url), { applied: [] });
    await work(young.url, askYoung);
    assert.deepEqual(await erasOf(askYoung), [1, 2]);
    await assertEndedOnce([...ended, ...waiting, ...fresh]);
    assert.ok((await readOn()).every(({ stream_id }) => !lost.includes(stream_id)));
    await assertRewound(late.cursor);
    await assertGoesOn(early.cursor, early.seen);
    await assertSound(young.url);
  });

  test('by a standby that was promoted and had not received all', async () => {
    await using primary = await OwnServer.start();
    await using standby = await Standby.of(primary);
    const ask: Ask = (question) => primary.ask(question);
    const askNew: Ask = (question) => standby.ask(question);
    await goTo(primary.url);
    const ended = await enqueue(ask, 6);
    await work(primary.url, ask);
    const early = await follow();
    const waiting = await enqueue(ask, 6);
    const kept = await follow();
    await standby.catchUp(primary);
    await standby.cutOff();
    const lost = await enqueue(ask, 6);
    const late = await follow();
    await primary.crash();
    await goTo(standby.url);
    assert.deepEqual((await readOn()).map(identity), kept.seen.map(identity), 'it can be read already');
    await standby.promote();

    assert.deepEqual((await readOn()).map(identity), kept.seen.map(identity));
    await assertRewound(late.cursor);
    const fresh = await enqueue(askNew, 6);
    assert.deepEqual(await erasOf(askNew), [1, 2]);
    await work(standby.url, askNew);
    assert.deepEqual(await erasOf(askNew), [1, 2]);
    await assertGoesOn(early.cursor, early.seen);
    await assertGoesOn(kept.cursor, kept.seen);
    assert.equal(await assertRewound(late.cursor), kept.cursor);
    await assertEndedOnce([...ended, ...waiting, ...fresh]);
    assert.ok((await readOn()).every(({ stream_id }) => !lost.includes(stream_id)));
    // No position that the lost ones may have had was given out again: they are fences, too.
    const positions = new Set(late.seen.map(({ position }) => position));
    const later = (await readOn()).filter(({ cursor }) => !cursor.startsWith('1:'));
    assert.ok(later.length > 0 && later.every(({ position }) => !positions.has(position)));
    await assertSound(standby.url);
  });

  test('by a standby that lacks the commit of what had begun before the last that it has', async () => {
    await using primary = await OwnServer.start();
    await using standby = await Standby.of(primary);
    const ask: Ask = (question) => primary.ask(question);
    const askNew: Ask = (question) => standby.ask(question);
    await goTo(primary.url);
    await enqueue(ask, 1);
    const early = await follow();
    const older = new Client({ connectionString: primary.url });
    older.on('error', () => undefined);
    await older.connect();
    await older.query(`begin; select pulp.enqueue('older')`);
    await enqueue(ask, 1);
    await standby.catchUp(primary);
    assert.deepEqual(await readOn(early.cursor), [], 'it is held back');
    await standby.cutOff();
    await older.query('commit');
    const late = await follow();
    assert.equal(late.seen.length, 3);
    await primary.crash();
    await standby.promote();

    await goTo(standby.url);
    await enqueue(askNew, 1);
    const goOnFrom = await assertRewound(late.cursor); // though the event that it is of is here
    await assertGoesOn(goOnFrom, early.seen);
    await assertGoesOn(early.cursor, early.seen);
    await older.end().catch(() => undefined);
  });

  test('by a restore to a point in time: its ids are given out again, and mean something else', async () => {
    await using server = await OwnServer.start();
    const ask: Ask = (question) => server.ask(question);
    const archive = join(server.home, 'archive');
    await mkdir(archive);
    await chmod(archive, 0o777);
    await ask(async (client) => {
      await client.query(`alter system set archive_mode = on`);
      await client.query(`alter system set archive_command = 'cp %p ${archive}/%f'`);
    });
    const files = await server.backUp();
    await goTo(server.url);
    const ended = await enqueue(ask, 6);
    await work(server.url, ask);
    const waiting = await enqueue(ask, 4);
    const kept = await follow();
    await ask((client) => client.query(`select pg_create_restore_point('here')`));
    const lost = await enqueue(ask, 40);
    const late = await follow();
    await ask(async (client) => {
      const { rows } = await client.query<{ file: string }>(
        'select pg_walfile_name(pg_current_wal_insert_lsn()) as file, pg_switch_wal()',
      );
      await eventually('it is archived', async () => {
        const { rowCount } = await client.query(
          'select from pg_stat_archiver where last_archived_wal >= $1',
          [rows[0]?.file],
        );
        return rowCount === 1;
      });
    });
    await server.crash();

    await using restored = await OwnServer.startFrom(files, async (data) => {
      await writeFile(join(data, 'recovery.signal'), '');
      await appendFile(
        join(data, 'postgresql.auto.conf'),
        `restore_command = 'cp ${archive}/%f %p'
recovery_target_name = 'here'
recovery_target_action = 'promote'
archive_mode = off
`,
      );
    });
    const askNew: Ask = (question) => restored.ask(question);
    await eventually('it is recovered', () =>
      askNew(
        async (client) =>
          (await client.query<{ over: boolean }>('select not pg_is_in_recovery() as over')).rows[0]?.over,
      ),
    );
    await goTo(restored.url);
    assert.deepEqual((await readOn()).map(identity), kept.seen.map(identity));
    await assertRewound(late.cursor);
    assert.deepEqual(await erasOf(askNew), [1]);
    // As many as were lost, so that their ids come again.
    const fresh = await enqueue(askNew, 40);
    assert.deepEqual(await erasOf(askNew), [1, 2]);
    assert.equal(await assertRewound(late.cursor), kept.cursor);
    for (const { cursor } of late.seen.slice(kept.seen.length)) await assertRewound(cursor);
    await assertGoesOn(kept.cursor, kept.seen);
    await work(restored.url, askNew);
    await assertEndedOnce([...ended, ...waiting, ...fresh]);
    assert.ok((await readOn()).every(({ stream_id }) => !lost.includes(stream_id)));
    await assertRewound(late.cursor);
    await assertSound(restored.url);
  });
});
