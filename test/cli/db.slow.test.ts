import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('pulp db', () => {
  test('runs psql, which is given the password where no other user sees it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'pulp-home-'));
    await using database = await createDatabase();
    for (const settings of [{ DATABASE_URL: database.url }, { PULP_HOME: home }]) {
      await using pulp = await CommandLine.create(settings);
      const ask = `select name from pulp.task_type union all select current_user || ' by ' || system_user`;
      const { code, stdout, stderr } = await pulp.run([
        'db',
        'psql',
        '-XAtc',
        ask,
        '-c',
        '\\! cat /proc/$PPID/cmdline',
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^pulp by scram-sha-256:pulp\n\S*psql\0postgresql:\/\/pulp@/);
      assert.doesNotMatch(stdout, /:[\w-]+@/);
      assert.equal((await pulp.run(['db', 'psql', '-XAtc', 'select oops'])).code, 1);
      const missing = await pulp.run(['db', 'psql'], { env: { PATH: home } });
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /psql cannot be run.*\nTry: Install/);
    }
    await stopEmbeddedServer(home);
    await rm(home, { recursive: true });
  });

  test('tells which era the log is in, if it was not always the same, and what cannot be known', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await client.query(`select pulp.begin_era('restored by hand'); update pulp.era set timeline = null`);
    const { stdout } = await pulp.run(['db', 'status']);
    assert.match(stdout, /^era +\d{12}, number 2 in this log, since \S+Z: restored by hand$/m);
    assert.match(stdout, /^history +known by ids alone/m);
  });

  test('migrates and describes the database that DATABASE_URL names, and does not start or stop its server', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    {
      await using client = await connect(database.url);
      await client.query('drop schema pulp cascade');
      await client.query('drop schema pulp_boss cascade');
    }
    const [absent, list, start, stop] = await Promise.all([
      pulp.run(['db', 'status']),
      pulp.run(['task', 'list']),
      pulp.run(['db', 'start']),
      pulp.run(['db', 'stop']),
    ]);
    assert.equal(absent.code, 0);
    assert.match(absent.stdout, /^schema +none yet: run `pulp db migrate`$/m);
    assert.equal(list.code, 1);
    assert.match(list.stderr, /Try: Run `pulp db migrate`\./);
    for (const refused of [start, stop]) {
      assert.deepEqual([refused.code, refused.stdout], [2, '']);
      assert.match(refused.stderr, /DATABASE_URL names a server/);
    }

    const migrated = await pulp.run(['db', 'migrate']);
    assert.equal(migrated.code, 0);
    assert.match(migrated.stdout, /^migrations\/001_event_log\.sql$/m);
    assert.equal((await pulp.run(['db', 'migrate'])).stdout, 'up to date\n');

    const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'only-one');
    await worker.logged('leads as resource manager');
    await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']);
    const password = new URL(database.url).password;
    const [{ data }, text, url, whole] = await Promise.all([
      pulp.json(['db', 'status']),
      pulp.run(['db', 'status']),
      pulp.run(['db', 'status', '--url']),
      pulp.run(['db', 'status', '--url', '--with-password']),
    ]);
    assert.deepEqual((data as { schema: unknown }).schema, { state: 'current', pending: [] });
    const { era, ...contents } = (data as { contents: { era: { eras: number } } }).contents;
    assert.partialDeepStrictEqual(era, { number: 1, eras: 1, reason: null, by_ids_only: false });
    assert.doesNotMatch(text.stdout, /^(era|history) /m);
    assert.deepEqual(contents, {
      tasks: { completed: 1 },
      workers: { online: 1 },
      leader: 'only-one',
      failing: null,
      held_back: 0,
      old_snapshot: null,
      subscriptions: [],
      retention: [],
    });
    assert.match(text.stdout, /^leader +only-one$/m);
    assert.ok(!JSON.stringify(data).includes(password) && !text.stdout.includes(password));
    const plain = database.url.replace('?require_auth=scram-sha-256', '');
    assert.deepEqual(whole, { code: 0, stdout: `${plain}\n`, stderr: '' });
    assert.deepEqual(url, { code: 0, stdout: `${plain.replace(`:${password}`, '')}\n`, stderr: '' });
  });

  test('without DATABASE_URL everything uses the embedded server', async () => {
    const home = await mkdtemp(join(tmpdir(), 'pulp-home-'));
    await using pulp = await CommandLine.create({ PULP_HOME: home });
    try {
      const early = await pulp.run(['db', 'status']);
      assert.deepEqual([early.code, early.stdout], [3, '']);
      assert.match(early.stderr, /is not running\nTry: Run `pulp db start`/);

      const started = await pulp.run(['db', 'start']);
      assert.deepEqual([started.code, started.stderr], [0, '']);
      assert.match(started.stdout, /^Postgres 18\.\d+ started: /);
      const id = (
        await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE])
      ).stdout.trim();
      const [unattended, again] = await Promise.all([
        pulp.run(['task', 'wait', id, '--timeout', '1ms']),
        pulp.run(['db', 'start']),
      ]);
      assert.equal(unattended.code, 1);
      assert.match(unattended.stderr, /^No worker is online; `pulp worker` starts one\.\n/);
      assert.match(again.stdout, /runs already/);

      const worker = await pulp.worker('--tasks', TASKS_FILE);
      assert.equal((await pulp.run(['task', 'wait', id])).stdout, `${id} completed\n`);
      worker.process.kill('SIGTERM');
      assert.deepEqual(await worker.ended, { code: 0 });
      assert.equal((await pulp.run(['db', 'stop'])).stdout, 'stopped\n');
      assert.equal((await pulp.run(['db', 'stop'])).stdout, 'was not running\n');
    } finally {
      await stopEmbeddedServer(home);
      await rm(home, { recursive: true });
    }
  });
});
