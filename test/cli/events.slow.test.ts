import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { connect, createDatabase, databaseUrl, type TestDatabase } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { globalSetup, globalTeardown } from '../support/global-setup.ts';
import { until } from '../support/until.ts';
import { CommandLine } from './command-line.ts';

// On a server of its own: a transaction that another test has open would hold back what is shown here.
before(globalSetup);
after(globalTeardown);

type Client = Awaited<ReturnType<typeof connect>>;

/** A database, a client that appends to its log, and the command line. */
async function open(): Promise<
  AsyncDisposable & { database: TestDatabase; client: Client; pulp: CommandLine }
> {
  const database = await createDatabase();
  const client = await connect(database.url);
  const pulp = await CommandLine.create({ DATABASE_URL: database.url });
  return {
    database,
    client,
    pulp,
    [Symbol.asyncDispose]: async () => {
      await pulp[Symbol.asyncDispose]();
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function enqueue(client: Client, kwargs: object = {}): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue($1, kwargs => $2) as id', [
    'repo.sync',
    kwargs,
  ]);
  return rows[0]?.id ?? '';
}

/** A command that goes on, what it has said so far, and how it ends. */
class Following {
  readonly process: ChildProcessWithoutNullStreams;
  readonly exitCode: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    process.stdout.on('data', (chunk) => (this.stdout += String(chunk)));
    process.stderr.on('data', (chunk) => (this.stderr += String(chunk)));
    this.exitCode = once(process, 'close').then(() => process.exitCode);
  }

  /** Starts one from the beginning of the log; resolves when it has shown something. */
  static async start(pulp: CommandLine, ...args: string[]): Promise<Following> {
    const following = new Following(pulp.start(['events', '--follow', '--from', '0:0', ...args]));
    await until(() => following.stdout.length > 0);
    return following;
  }

  get events(): readonly { stream_id: string; type: string; cursor: string; recorded_at: string }[] {
    return this.stdout
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { stream_id: string; type: string; cursor: string; recorded_at: string },
      );
  }
}

suite('pulp events', () => {
  test('shows one line an event, in columns', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    const task = await enqueue(client, {
      url: `https://example.org/${'long/'.repeat(50)}`,
      evil: '\u001b[2J\n',
    });
    await client.query('select pulp.cancel($1, $2)', [task, 'no need']);
    const { code, stdout, stderr } = await pulp.run(['events']);
    assert.deepEqual([code, stderr], [0, '']);
    const [header = '', enqueued = '', canceled = '', ...rest] = stdout.split('\n');
    assert.deepEqual(rest, ['']);
    assert.match(header, /^TIME {22}POSITION +KIND +STREAM +EVENT +FACTS$/);
    for (const line of [enqueued, canceled]) {
      assert.match(line.slice(header.indexOf('TIME')), /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}\d/);
      assert.match(line.slice(header.indexOf('POSITION')), /^1:\d+:\d+ +task /);
      assert.ok(line.slice(header.indexOf('STREAM')).startsWith(task));
    }
    assert.match(enqueued.slice(header.indexOf('EVENT')), /^TaskEnqueued .*name=repo\.sync/);
    assert.match(canceled.slice(header.indexOf('EVENT')), /^TaskCanceled .*reason=no need$/);
    assert.ok(!stdout.includes('\u001b') && enqueued.length < 600);
  });

  test('narrows, goes on from a position, and says when there is more', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    const tasks = [await enqueue(client), await enqueue(client), await enqueue(client)];
    await client.query('select pulp.cancel($1)', [tasks[1]]);
    const shown = async (...args: string[]) => {
      const { code, data } = await pulp.json(['events', ...args]);
      assert.equal(code, 0);
      return data as Following['events'];
    };
    const types = async (...args: string[]) => (await shown(...args)).map(({ type }) => type);
    const all = await shown();
    assert.equal(all.length, 4);
    assert.deepEqual(await types('--stream', tasks[1] ?? ''), ['TaskEnqueued', 'TaskCanceled']);
    assert.deepEqual(await types('--type', 'TaskCanceled', '--type', 'TaskFailed'), ['TaskCanceled']);
    assert.deepEqual(await types('--kind', 'worker'), []);
    assert.equal((await shown('--from', '1h')).length, 4);
    assert.equal((await shown('--from', all[2]?.recorded_at ?? '')).length, 2);
    assert.equal((await shown('--from', 'now')).length, 0);
    assert.deepEqual(await shown('--from', all[1]?.cursor ?? ''), all.slice(2));
    const some = await pulp.run(['events', '--limit', '2']);
    assert.equal(some.stdout.split('\n').length, 4);
    assert.equal(some.stderr, `There may be more; go on by --from ${all[1]?.cursor}.\n`);
    assert.equal((await pulp.run(['events', '--kind', 'worker'])).stderr, 'There are no such events.\n');
  });

  test('goes on over the border of an era, and tells who has seen what was lost from where to go on', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    const task = await enqueue(client);
    const shown = async (...args: string[]) =>
      (await pulp.json(['events', ...args])).data as Following['events'];
    const [before] = await shown();
    const from = before?.cursor ?? '';
    await client.query(`select pulp.begin_era('restored by hand')`);
    await client.query('select pulp.cancel($1)', [task]);
    const after = await shown('--from', from);
    assert.deepEqual(
      after.map(({ type }) => type),
      ['EraBegun', 'TaskCanceled'],
    );
    const { stdout } = await pulp.run(['events', '--from', from]);
    const [header = '', ...lines] = stdout.trimEnd().split('\n');
    for (const line of lines) assert.match(line.slice(header.indexOf('EVENT')), /^(EraBegun|TaskCanceled)\b/);

    const [era, tx, position] = from.split(':').map(Number);
    const { code, stderr } = await pulp.run(['events', '--from', `${era}:${(tx ?? 0) + 1}:${position}`]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`LOG_REWOUND|go on from ${from}`));
    assert.ok(stderr.includes(`go on from ${from}`));
  });

  test('refuses what it cannot read', async () => {
    await using opened = await open();
    const wrong = [
      ['--from', 'yesterday'],
      ['--from', '4711'],
      ['--from', '999999999999:1'],
      ['--kind', 'none'],
      ['--type', 'TaskFaild'],
      ['--limit', '0'],
      ['--stream', 'w', '--kind', 'heartbeat'],
    ];
    const ended = await Promise.all(wrong.map((args) => opened.pulp.run(['events', ...args])));
    for (const [index, { code, stdout, stderr }] of ended.entries()) {
      assert.deepEqual([code, stdout], [2, ''], wrong[index]?.join(' '));
      assert.match(stderr, /^Error: .+\nTry: .+\n$/);
    }
  });
});

suite('pulp events --follow', () => {
  test('shows what comes, as JSON one event a line, until it is told to end', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    const tasks = [await enqueue(client)];
    const [people, programs] = await Promise.all([
      Following.start(pulp),
      Following.start(pulp, '--json', '--type', 'TaskEnqueued'),
    ]);
    for (const _ of [1, 2]) tasks.push(await enqueue(client));
    await client.query('select pulp.cancel($1)', [tasks[0]]);
    await until(() => people.stdout.includes('TaskCanceled') && programs.events.length === 3);
    people.process.kill('SIGINT');
    programs.process.kill('SIGTERM');
    assert.deepEqual(await Promise.all([people.exitCode, programs.exitCode]), [0, 0]);
    assert.deepEqual([people.stderr, programs.stderr], ['', '']);
    assert.deepEqual(
      programs.events.map(({ stream_id }) => stream_id),
      tasks,
    );
    assert.equal(people.stdout.split('\n').length, 6);

    const rest = await pulp.run([
      ...['events', '--follow', '--json', '--limit', '2'],
      ...['--from', programs.events[1]?.cursor ?? ''],
    ]);
    assert.equal(rest.code, 0);
    assert.deepEqual(
      rest.stdout
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { type: string }).type])),
      ['TaskEnqueued', 'TaskCanceled'],
    );
  });

  test('begins now', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    await enqueue(client);
    const following = new Following(pulp.start(['events', '--follow', '--json']));
    const listening = async () => {
      const { rowCount } = await client.query(
        `select from pg_stat_activity where application_name = 'pulp events' and datname = current_database()`,
      );
      return rowCount === 1;
    };
    await until(listening);
    const task = await enqueue(client);
    await until(() => following.stdout.endsWith('\n'));
    following.process.kill('SIGHUP');
    assert.equal(await following.exitCode, 0);
    assert.deepEqual(
      following.events.map(({ stream_id }) => stream_id),
      [task],
    );
  });

  test('ends in peace when nobody reads it any more', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    await enqueue(client);
    for (const args of [[], ['--json']]) {
      const following = await Following.start(pulp, ...args);
      following.process.stdout.destroy();
      await once(following.process.stdout, 'close');
      await enqueue(client);
      assert.equal(await following.exitCode, 0);
      assert.equal(following.stderr, '');
    }
  });

  test('survives the loss of the database, and says so', async () => {
    await using opened = await open();
    const { client, pulp, database } = opened;
    await using proxy = await FaultyProxy.open(database.url);
    const tasks = [await enqueue(client)];
    const following = new Following(
      pulp.start(['events', '--follow', '--json', '--from', '0:0'], { DATABASE_URL: proxy.url }),
    );
    await until(() => following.stdout.length > 0);
    await proxy.refuse();
    await until(() => following.stderr.includes('Still following: cannot use the database'));
    tasks.push(await enqueue(client));
    await proxy.accept();
    await until(() => following.events.length === 2);
    await proxy.refuse();
    following.process.kill('SIGINT');
    assert.equal(await following.exitCode, 0);
    assert.match(following.stderr, /^Still following: [^\n]+\nThe database is back\.\n$/);
    assert.deepEqual(
      following.events.map(({ stream_id }) => stream_id),
      tasks,
    );
  });

  test('names the transaction that it waits for', async () => {
    await using opened = await open();
    const { client, pulp } = opened;
    await enqueue(client);
    const following = await Following.start(pulp, '--json');
    await using holder = await connect(databaseUrl('postgres'));
    await holder.query(`set application_name = 'report'; begin; select pg_current_xact_id()`);
    const { rows } = await holder.query<{ pid: number; since: Date }>(
      'select pg_backend_pid() as pid, now() as since',
    );
    await enqueue(client);
    await until(() => following.stderr.includes('Waiting for'));
    const { pid, since } = rows[0] ?? {};
    assert.ok(following.stderr.startsWith(`Waiting for a transaction of process ${pid} (report, user `));
    assert.ok(following.stderr.includes(`database postgres), open since ${since?.toISOString()}: `));
    await holder.query('rollback');
    await until(() => following.events.length === 2);
    following.process.kill('SIGINT');
    assert.equal(await following.exitCode, 0);
    assert.match(following.stderr, /\nThe transaction has ended\.\n$/);
  });
});
