import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NotifySocket, noNotifySocket } from '../systemd/notify-socket.ts';
import { connect, createDatabase, databaseUrl } from '../support/database.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';
import { Gate } from './gate.ts';

suite('pulp worker', () => {
  test('after SIGTERM finishes what runs, takes nothing new, and exits with 0', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('pulp.tasks.ts', `export * from ${JSON.stringify(TASKS_FILE)};`); // found without --tasks
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--name', 'warm', '--concurrency', '1');
    const arrival = gate.held();
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.hold']);
    assert.equal(await arrival, stdout.trim());
    const { data: online } = await pulp.json(['worker', 'list']);
    const [row] = online as { name: string; state: string; running: number; queues: string[] }[];
    assert.deepEqual([row?.name, row?.state, row?.running, row?.queues], ['warm', 'online', 1, ['default']]);

    worker.process.kill('SIGTERM');
    const entry = await worker.logged('stops when what runs has finished');
    assert.deepEqual([entry['signal'], entry['running'], entry['worker']], ['SIGTERM', 1, 'warm']);
    const late = (await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]'])).stdout.trim();
    assert.equal(worker.process.exitCode, null);
    await gate.open();
    assert.deepEqual(await worker.ended, { code: 0 });

    const [held, waiting, workers] = await Promise.all([
      pulp.json(['task', 'show', stdout.trim()]),
      pulp.json(['task', 'show', late]),
      pulp.run(['worker', 'list']),
    ]);
    assert.equal((held.data as { state: string }).state, 'completed');
    assert.equal((waiting.data as { state: string }).state, 'waiting');
    assert.match(workers.stdout, /^warm +offline +\S+ +0\/1 .*default$/m);
  });

  test('a second signal ends what runs: its task is canceled, and the exit code is 4', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const arrival = gate.held();
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.hold']);
    await arrival;
    worker.process.kill('SIGINT');
    await worker.logged('a second signal ends it');
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 4 });
    const { data } = await pulp.json(['task', 'show', stdout.trim()]);
    assert.equal((data as { state: string }).state, 'canceled');
  });

  test('so does the deadline of a shutdown', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--tasks', TASKS_FILE, '--shutdown-deadline', '100ms', '--grace', '2s');
    const arrival = gate.held();
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.hold']);
    await arrival;
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 4 });
    const { data } = await pulp.json(['task', 'show', stdout.trim()]);
    assert.equal((data as { state: string }).state, 'canceled');
  });

  test('systemd is told of its life', { skip: noNotifySocket }, async () => {
    await using database = await createDatabase();
    await using socket = await NotifySocket.open();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url, NOTIFY_SOCKET: socket.path });
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    assert.equal(await socket.next(), 'STATUS=starting');
    assert.equal(await socket.next(), 'READY=1\nSTATUS=online');
    worker.process.kill('SIGTERM');
    assert.equal(await socket.next(), 'STOPPING=1\nSTATUS=stopping: SIGTERM, 0 tasks in hand');
    assert.deepEqual(await worker.ended, { code: 0 });
  });

  test('refuses what it cannot work with', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('empty.ts', 'export {};');
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'taken');
    const [noFile, missing, empty, level, taken, none, grace, ttl, keys] = await Promise.all([
      pulp.run(['worker']),
      pulp.run(['worker', '--tasks', 'nowhere.ts']),
      pulp.run(['worker', '--tasks', 'empty.ts']),
      pulp.run(['worker', '--tasks', TASKS_FILE], { env: { PULP_LOG_LEVEL: 'loud' } }),
      pulp.run(['worker', '--tasks', TASKS_FILE, '--name', 'taken']),
      pulp.run(['worker', '--tasks', TASKS_FILE, '--concurrency', '0']),
      pulp.run(['worker', '--tasks', TASKS_FILE, '--grace', 'soon']),
      pulp.run(['worker', '--tasks', TASKS_FILE], { env: { PULP_WORKER_TTL: '0' } }),
      pulp.run(['worker', '--tasks', TASKS_FILE], { env: { PULP_SECRET_KEYS: 'bad' } }),
    ]);
    assert.deepEqual(
      [noFile, missing, empty, level, taken, none, grace, ttl, keys].map((ended) => ended.code),
      [2, 2, 2, 2, 1, 2, 2, 2, 2],
    );
    assert.match(noFile.stderr, /there is no pulp\.tasks\.ts, \.js or \.mjs in this folder\nTry: .*--tasks/);
    assert.match(missing.stderr, /there is no .*\/nowhere\.ts\nTry: .*--tasks/);
    assert.match(empty.stderr, /exports no task types/);
    assert.match(level.stderr, /PULP_LOG_LEVEL: "loud" is no level/);
    assert.match(taken.stderr, /worker "taken" is up already/);
    assert.match(none.stderr, /--concurrency: Expected an integer greater than or equal to 1/);
    assert.match(ttl.stderr, /PULP_WORKER_TTL: "0" is not a number of seconds/);
    assert.match(keys.stderr, /PULP_SECRET_KEYS: entry 1 is no NAME:KEY/);
    assert.match(grace.stderr, /--grace: "soon" is not a length of time/);
  });
});

suite('pulp worker check', () => {
  test('tells workers that live from those that died, and leaves out those that have ended', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const none = await pulp.json(['worker', 'check']);
    assert.equal(none.code, 1);
    assert.equal((none.data as Failure).error.code, 'NO_WORKER');
    const [one, two] = await Promise.all(
      ['one@%h', 'two@%h'].map((name) => pulp.worker('--tasks', TASKS_FILE, '--name', name)),
    );
    const [both, first, other] = await Promise.all([
      pulp.run(['worker', 'check', '--ready']),
      pulp.json(['worker', 'check', '--name', 'one@%h']),
      pulp.run(['worker', 'check', '--name', 'three@%h']),
    ]);
    assert.equal(both.code, 0);
    assert.match(both.stdout, /^one@\S+ +online .*\ntwo@\S+ +online /m);
    const [check] = first.data as { pid: number; state: string; problem: null }[];
    assert.deepEqual([check?.pid, check?.state, check?.problem], [one?.process.pid, 'online', null]);
    assert.equal(other.code, 1);

    one?.process.kill('SIGKILL');
    await one?.ended;
    const died = await pulp.run(['worker', 'check']);
    assert.equal(died.code, 1);
    assert.match(
      died.stderr,
      /worker one@\S+ has died: there is no process \d+ of it any more\nTry: Start it anew/,
    );
    assert.doesNotMatch(died.stderr, /two@/);
    two?.process.kill('SIGTERM');
    await two?.ended;
    assert.equal((await pulp.run(['worker', 'check', '--name', 'two@%h'])).code, 1);
  });

  test('a worker whose database is away lives, and is ready when it is back', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    await allowConnections(database.url, false);
    await worker.logged('the session is lost');
    await until(async () => (await pulp.run(['worker', 'check', '--ready'])).code === 1);
    const [alive, ready] = await Promise.all([
      pulp.run(['worker', 'check']),
      pulp.json(['worker', 'check', '--ready']),
    ]);
    assert.equal(alive.code, 0);
    assert.match(alive.stdout, / reconnecting /);
    assert.equal((ready.data as Failure).error.code, 'WORKER_NOT_READY');
    assert.match((ready.data as Failure).error.message, /^worker \S+ is reconnecting: /);
    await allowConnections(database.url, true);
    await until(async () => (await pulp.run(['worker', 'check', '--ready'])).code === 0);
  });
});

interface Failure {
  readonly error: { readonly code: string; readonly message: string };
}

/** Ends all connections to a database and keeps new ones out, or lets them in again. */
async function allowConnections(url: string, allowed: boolean): Promise<void> {
  await using client = await connect(databaseUrl('postgres'));
  const name = new URL(url).pathname.slice(1);
  await client.query(`alter database ${name} with allow_connections ${allowed}`);
  if (!allowed) {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  }
}
