import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Client } from 'pg';
import { connect, createDatabase, databaseUrl } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { pastTasks, unpackMonth } from '../support/past-tasks.ts';
import { until } from '../support/until.ts';
import { CommandLine } from './command-line.ts';

const UNTIL_2026 = ['db', 'archive', '--before', '2026-01-01', '--to', 'archive'];
const JANUARY = 'event_batch_2025_01';

async function one<T>(client: Client, statement: string): Promise<T> {
  const { rows } = await client.query<[T]>({ text: statement, rowMode: 'array' });
  const [row] = rows;
  assert.ok(row);
  return row[0];
}

/** Purges without the command line. */
async function purgeAll(client: Client): Promise<void> {
  while (
    (await one<number>(client, 'select purged::integer from pulp.purge_tasks(clock_timestamp(), 10000)')) > 0
  );
}

/** The lines of an archive's file. */
async function linesOf(pulp: CommandLine, leaf: string): Promise<string[]> {
  const file = await readFile(join(pulp.folder, 'archive', `${leaf}.ndjson.gz`));
  return gunzipSync(file).toString().split('\n').slice(0, -1);
}

/** Kills a command again and again, at random moments after it began to work in the database, until it gets to its end. */
async function killUntilDone(
  pulp: CommandLine,
  client: Client,
  args: readonly string[],
  hasBegun: string,
  afterKill: () => Promise<void>,
): Promise<number> {
  for (let kills = 0; ; kills++) {
    const child = pulp.start(args);
    child.stderr.resume();
    child.stdout.resume();
    const ended = once(child, 'close');
    await until(async () => child.exitCode !== null || (await one<boolean>(client, hasBegun)));
    // Later each time, so that every part of its way is met, and the end at last.
    await Promise.race([pause(Math.random() * 150 * (kills + 1)), ended]);
    child.kill('SIGKILL');
    await ended;
    if (child.exitCode === 0) return kills;
    assert.equal(child.exitCode, null);
    await until(async () => !(await one<boolean>(client, hasBegun))); // its session does to the end what it was asked for
    await afterKill();
  }
}

suite('pulp task purge', () => {
  test('says what it would take, and takes it', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 10);
    const flags = ['task', 'purge', '--finished-before'];

    const [dry, early, none, bad, missing, running] = await Promise.all([
      pulp.json([...flags, '30d', '--dry-run']),
      pulp.run([...flags, '2025-01-01', '--dry-run']),
      pulp.run([...flags, '1h', '--state', 'completed', '--state', 'failed']),
      pulp.run([...flags, 'yesterday']),
      pulp.run(['task', 'purge']),
      pulp.run([...flags, '1h', '--state', 'running']),
    ]);
    assert.equal(dry.code, 0);
    assert.equal((dry.data as { purged: number }).purged, 10);
    assert.deepEqual(early, { code: 0, stdout: '0 tasks would be purged\n', stderr: '' });
    assert.deepEqual(none, { code: 0, stdout: '0 tasks purged\n', stderr: '' });
    assert.deepEqual([bad.code, missing.code, running.code], [2, 2, 2]);

    assert.equal((await pulp.run([...flags, '30d', '--limit', '1'])).stdout, '1 task purged\n');
    assert.equal((await pulp.run([...flags, '30d'])).stdout, '9 tasks purged\n');
    assert.deepEqual((await pulp.json(['task', 'list'])).data, []);
    assert.deepEqual(await checkLog(client), []);
  });

  test('killed at any moment, it is just run again', { timeout: 110_000 }, async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 10_000);
    let before = 0;
    const left = () => one<number>(client, 'select count(*)::integer from pulp.task');
    await killUntilDone(
      pulp,
      client,
      ['task', 'purge', '--finished-before', '30d'],
      `select exists (select from pg_stat_activity where query ~ 'pulp.purge_tasks' and pid <> pg_backend_pid()
         and datname = current_database())`,
      async () => {
        const now = await left();
        assert.ok(now <= 10_000 - before);
        before = 10_000 - now;
      },
    );
    assert.equal(await left(), 0);
    assert.equal(
      await one(client, `select count(*)::integer from pulp.event where type = 'TaskPurged'`),
      10_000,
    );
    assert.deepEqual(await checkLog(client), []);
  });
});

suite('pulp db archive', () => {
  test('moves months whose tasks were purged into files that can be read back', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 250);
    await pastTasks(client, '2025_02', 10);
    await pastTasks(client, '2025_03', 0);
    await pastTasks(client, '2025_04', 1);
    await purgeAll(client);
    const [late = ''] = await pastTasks(client, '2025_02', 1);
    await client.query(`create temp table january as select * from pulp.leaf_events('${JANUARY}')`);

    const [refused, incomplete, both] = await Promise.all([
      pulp.run(UNTIL_2026),
      pulp.run(['db', 'archive', '--before', '1d']),
      pulp.run(['db', 'archive', '--list', '--before', '1d']),
    ]);
    assert.deepEqual([incomplete.code, both.code], [2, 2]);
    assert.deepEqual(
      [refused.code, refused.stdout],
      [1, `${JANUARY}: 500 events of 250 tasks are in ${JANUARY}.ndjson.gz\n`],
    );
    assert.ok(
      refused.stderr.includes(`leaf event_batch_2025_02 has events of tasks that were not purged: ${late}\n`),
    );
    assert.match(refused.stderr, /\nTry: Purge them first: `pulp task purge/);
    assert.equal((await stat(join(pulp.folder, 'archive', `${JANUARY}.ndjson.gz`))).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(join(pulp.folder, 'archive'))).sort(), [
      `${JANUARY}.json`,
      `${JANUARY}.ndjson.gz`,
    ]);

    const lines = await linesOf(pulp, JANUARY);
    await client.query(
      `create temp table restored as
       select (json_populate_record(null::pulp.event, line)).* from json_array_elements($1) as line`,
      [`[${lines.join(',')}]`],
    );
    assert.equal(
      await one(
        client,
        'select array(select r::text from restored r) = array(select j::text from january j)',
      ),
      true,
    );
    assert.equal(await one(client, `select to_regclass('pulp.${JANUARY}')`), null);
    assert.deepEqual(await checkLog(client), []);

    await purgeAll(client);
    const { code, data } = await pulp.json(UNTIL_2026);
    assert.equal(code, 0);
    assert.deepEqual(
      (data as { leaf: string; events: number; streams: number }[]).map(({ leaf, events, streams }) => ({
        leaf,
        events,
        streams,
      })),
      [
        { leaf: 'event_batch_2025_02', events: 22, streams: 11 },
        { leaf: 'event_batch_2025_03', events: 0, streams: 0 },
        { leaf: 'event_batch_2025_04', events: 2, streams: 1 },
      ],
    );
    assert.equal((await pulp.run(UNTIL_2026)).stdout, 'no month is to be archived\n');
    const { rows } = await client.query(
      `select version, type from pulp.event where stream_id = '${JANUARY}' order by position`,
    );
    assert.deepEqual(rows, [
      { version: 1, type: 'LeafArchived' },
      { version: 2, type: 'LeafDropped' },
    ]);
    await client.query(`select pulp.enqueue('waiting', resources => '{/a/}')`);
    assert.equal((await pulp.run(['db', 'rebuild'])).code, 0);
    assert.equal(await one(client, 'select count(*)::integer from pulp.task'), 1);
    assert.deepEqual(await checkLog(client), []);
  });

  test('lists what it archived, and finds the one byte that is not as it was', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    for (const month of ['2025_01', '2025_02', '2025_03']) await pastTasks(client, month, 20);
    await unpackMonth(client, '2025_02');
    await purgeAll(client);
    assert.equal((await pulp.run(UNTIL_2026)).code, 0);

    const list = ['db', 'archive', '--list'];
    const listed = await pulp.run([...list, '--to', 'archive']);
    assert.equal(listed.code, 0);
    for (const leaf of [JANUARY, 'event_task_2025_02']) {
      assert.match(listed.stdout, new RegExp(`^${leaf} +40 +20 +\\S+ +[0-9a-f]{64} +intact$`, 'm'));
    }

    const january = join(pulp.folder, 'archive', `${JANUARY}.ndjson.gz`);
    const content = await readFile(january);
    const middle = content.length >> 1;
    content[middle] = (content[middle] ?? 0) ^ 1;
    await writeFile(january, content);
    await rename(
      join(pulp.folder, 'archive/event_task_2025_02.ndjson.gz'),
      join(pulp.folder, 'archive/elsewhere'),
    );
    const [{ code, data }, plain] = await Promise.all([
      pulp.json([...list, '--to', 'archive']),
      pulp.run(list),
    ]);
    assert.equal(code, 1);
    assert.deepEqual(
      (data as { state: string }[]).map(({ state }) => state),
      ['damaged', 'missing', 'intact'],
    );
    assert.equal(plain.code, 0);
    assert.ok(!plain.stdout.includes('intact'));
  });

  test('drops nothing whose file is damaged, and writes over nobody else’s', async () => {
    await using database = await createDatabase();
    await using other = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await using stranger = await connect(other.url);
    for (const each of [client, stranger]) {
      await pastTasks(each, '2025_01', 20);
      await purgeAll(each);
    }
    // What a run left behind that was killed before it took note in the log.
    await client.query(
      `create trigger full_disk before insert on pulp.event_system for each row execute function pulp.refuse_history_change()`,
    );
    assert.equal((await pulp.run(UNTIL_2026)).code, 1);
    await client.query('drop trigger full_disk on pulp.event_system');
    const file = join(pulp.folder, 'archive', `${JANUARY}.ndjson.gz`);
    const whole = await readFile(file);

    const foreign = await pulp.run(UNTIL_2026, { env: { DATABASE_URL: other.url } });
    assert.equal(foreign.code, 2);
    assert.match(foreign.stderr, /another log's archive/);

    const content = Buffer.from(whole);
    content[content.length - 1] = (content[content.length - 1] ?? 0) ^ 1;
    await writeFile(file, content);
    const damaged = await pulp.run(UNTIL_2026);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /is damaged/);
    assert.equal(await one(client, `select count(*)::integer from pulp.${JANUARY}`), 40);

    await writeFile(file, whole);
    assert.equal((await pulp.run(UNTIL_2026)).code, 0);
    assert.deepEqual(await readFile(file), whole);
    assert.deepEqual(await checkLog(client), []);
  });

  test('goes on where it was broken off in each of its steps', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await using reader = await connect(database.url);
    await pastTasks(client, '2025_01', 20);
    await purgeAll(client);
    const leave = (how: string) =>
      client.query(`alter table pulp.event_batch detach partition pulp.${JANUARY} ${how}`);
    const drop = () => client.query(`select pulp.drop_archived_leaf('${JANUARY}')`);
    await assert.rejects(drop(), { code: 'PU010' });
    await assert.rejects(client.query(`select pulp.archive_leaf('${JANUARY}', '{"events": 41}')`), {
      code: 'PU010',
    });

    // A run that comes to taking note, and finds the table of the log locked.
    await reader.query('begin; lock table pulp.event_batch in access share mode');
    const run = pulp.run(UNTIL_2026);
    await until(() => one<boolean>(client, `select exists (select from pg_inherits where inhdetachpending)`));
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pulp archive' and datname = current_database()`,
    );
    assert.equal((await run).code, 1);
    await reader.query('commit');
    assert.equal(
      await one(client, `select attachment from pulp.task_leaves() where archive is not null`),
      'detaching',
    );
    await leave('finalize');
    assert.equal(
      await one(client, `select attachment from pulp.task_leaves() where archive is not null`),
      'detached',
    );

    // The disk with its file is gone, but not what the leaf holds.
    await rm(join(pulp.folder, 'archive'), { recursive: true });
    assert.match((await pulp.run(UNTIL_2026)).stdout, /^event_batch_2025_01: 40 events of 20 tasks/);
    const written = await readdir(join(pulp.folder, 'archive'));
    assert.deepEqual(written, [`${JANUARY}.json`, `${JANUARY}.ndjson.gz`]);
    assert.equal(await one(client, `select to_regclass('pulp.${JANUARY}')`), null);
    assert.deepEqual(await checkLog(client), []);
  });

  test('takes note of another file in place of one that is lost', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 20);
    await purgeAll(client);
    const content = await one<object>(client, `select pulp.leaf_content('${JANUARY}')`);
    const lost = {
      ...content,
      format: 'pulp-archive/1',
      leaf: JANUARY,
      file: 'lost.gz',
      bytes: 1,
      sha256: 'of another zlib',
    };
    await client.query('select pulp.archive_leaf($1, $2)', [JANUARY, JSON.stringify(lost)]);
    assert.match((await pulp.run(UNTIL_2026)).stdout, /^event_batch_2025_01: 40 events of 20 tasks/);
    const archives = await pulp.json(['db', 'archive', '--list', '--to', 'archive']);
    assert.match(JSON.stringify(archives), new RegExp(`"file":"${JANUARY}.ndjson.gz"`));
    assert.doesNotMatch(JSON.stringify(archives), /lost|missing/);
    assert.deepEqual(await checkLog(client), []);
  });

  test('killed at any moment, it loses nothing', { timeout: 110_000 }, async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 5000);
    await pastTasks(client, '2025_02', 5000);
    await purgeAll(client);
    const kills = await killUntilDone(
      pulp,
      client,
      UNTIL_2026,
      `select exists (select from pg_stat_activity where application_name = 'pulp archive' and datname = current_database())`,
      async () => {
        for (const leaf of [JANUARY, 'event_batch_2025_02']) {
          const isThere = await one<boolean>(client, `select to_regclass('pulp.${leaf}') is not null`);
          const held = isThere
            ? await one<number>(client, `select sum(size)::integer from pulp.${leaf}`)
            : (await linesOf(pulp, leaf)).length;
          assert.equal(held, 10_000);
        }
      },
    );
    assert.ok(kills > 0);
    assert.equal((await linesOf(pulp, JANUARY)).length, 10_000);
    assert.equal((await linesOf(pulp, 'event_batch_2025_02')).length, 10_000);
    assert.equal((await pulp.run(['db', 'archive', '--list', '--to', 'archive'])).code, 0);
    assert.deepEqual(
      (await readdir(join(pulp.folder, 'archive'))).filter((name) => name.endsWith('.part')),
      [],
    );
    assert.deepEqual(await checkLog(client), []);
  });

  test('is for the owner of the log alone', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 1);
    await purgeAll(client);
    const role = `worker_${Date.now()}`;
    await client.query(`create role ${role} login password 'secret' in role pulp_worker, pulp_observer`);
    try {
      const url = new URL(databaseUrl(new URL(database.url).pathname.slice(1)));
      url.username = role;
      url.password = 'secret';
      await using pulp = await CommandLine.create({ DATABASE_URL: url.href });
      const { code, stderr } = await pulp.run(UNTIL_2026);
      assert.equal(code, 1);
      assert.match(stderr, /only the owner of the log may archive it/);
      assert.deepEqual(await readdir(pulp.folder), []);
      await using worker = await connect(url.href);
      for (const call of [
        `pulp.archive_leaf('${JANUARY}', '{}')`,
        `pulp.drop_archived_leaf('${JANUARY}')`,
        `pulp.drop_heartbeat_leaves(1)`,
      ]) {
        await assert.rejects(worker.query(`select ${call}`), { code: '42501' });
      }
      await assert.rejects(worker.query(`drop table pulp.${JANUARY}`), { code: '42501' });
    } finally {
      await client.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});
