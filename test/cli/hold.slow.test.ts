import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('a command under a hold', () => {
  test('waits for its turn, runs with a fence, and ends as it ends', async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    const ended = await pulp.run([
      'hold',
      '/a/',
      '/b/',
      '--reason',
      'backup',
      '--',
      'sh',
      '-c',
      'echo "$PULP_FENCE"; exit 7',
    ]);
    assert.equal(ended.code, 7, ended.stderr);
    const { rows } = await client.query<{ position: string }>(
      `select position from pulp.event where type = 'HoldGranted'`,
    );
    assert.equal(ended.stdout.trim(), rows[0]?.position);
    assert.match(ended.stderr, /Held, with fence \d+\./);
    assert.equal((await client.query('select from pulp.hold')).rowCount, 0);

    const first = pulp.start(['hold', '/a/', '--reason', 'a look', '--', 'cat']);
    await granted(client, 1);
    const next = pulp.start(['hold', '--shared-resource', '/a/', '--', 'true']);
    await until(async () => (await client.query('select from pulp.hold')).rowCount === 2);
    const { rows: tasks } = await client.query<{ id: string }>(
      `select pulp.enqueue('test.add', '[1, 2]', resources => '{/a/}') as id`,
    );
    const why = await pulp.run(['task', 'why', tasks[0]?.id ?? '']);
    assert.match(
      why.stdout,
      /It waits for \/a\/, which is held by \S+ for "a look", since \S+Z \(hold \S+\)/,
    );
    const shown = await pulp.run(['resource', 'show', '/a/']);
    assert.match(shown.stdout, /hold of \S+: a look +exclusive/);
    first.stdin.end();
    assert.deepEqual([await codeOf(first), await codeOf(next)], [0, 0]);
    const done = await pulp.run(['task', 'wait', tasks[0]?.id ?? '', '--timeout', '20s']);
    assert.equal(done.code, 0, done.stderr);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('is ended with its process group when the hold is over before it', async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    for (const [flags, isTaken, message] of [
      [[], true, /is over, or never was/],
      [['--for', '1s'], false, /is over, or never was/],
    ] as const) {
      const child = pulp.start(['hold', '/a/', ...flags, '--', 'sh', '-c', 'sleep 300 & echo $!; wait']);
      const written = text(child.stderr);
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const grandchild = Number(chunk.toString().trim());
      assert.ok(isAlive(grandchild));
      if (isTaken) await client.query('select pulp.release_hold(id) from pulp.hold');
      assert.equal(await codeOf(child), 3);
      assert.match(await written, message);
      await until(() => !isAlive(grandchild));
    }
  });

  test('gives back what it held when it is interrupted, and leaves the line', async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    const running = pulp.start(['hold', '/a/', '--', 'sh', '-c', 'echo begun; exec sleep 300']);
    await once(running.stdout, 'data');
    const waiting = pulp.start(['hold', '/a/', '--', 'true']);
    await until(async () => (await client.query('select from pulp.hold')).rowCount === 2);
    waiting.kill('SIGINT');
    assert.equal(await codeOf(waiting), 1);
    running.kill('SIGTERM');
    assert.equal(await codeOf(running), 143);
    assert.equal((await client.query('select from pulp.hold')).rowCount, 0);

    const byHand = pulp.start(['hold', '/a/', '--for', '1h']);
    const [said] = (await once(byHand.stderr, 'data')) as [Buffer];
    assert.match(said.toString(), /Held until \S+Z, with fence \d+/);
    byHand.kill('SIGINT');
    assert.equal(await codeOf(byHand), 0);
    assert.equal((await client.query('select from pulp.hold')).rowCount, 0);
  });

  test('is asked for rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    for (const [args, message] of [
      [['hold', '--', 'true'], /resources: name one at least/],
      [['hold', '/a/', '--'], /there is no command after --/],
      [['hold', '/a/', '--for', 'ever', '--', 'true'], /for: "ever" is not a length of time/],
      [['hold', '/a/', '--units', '/b/', '--', 'true'], /--units: "\/b\/" does not say/],
      [['hold', '/a/', '--for', '0', '--', 'true'], /seconds: must be/],
    ] as const) {
      const ended = await pulp.run([...args]);
      assert.match(ended.stderr, message, args.join(' '));
      assert.equal(ended.code, 2, ended.stderr);
    }
    assert.deepEqual((await client.query('select from pulp.event')).rows, []);
  });

  test('that cannot be run leaves nothing held', async () => {
    await using scene = await open();
    const ended = await scene.pulp.run(['hold', '/a/', '--', './not-there']);
    assert.match(ended.stderr, /\.\/not-there cannot be run/);
    assert.equal(ended.code, 2);
    assert.equal((await scene.client.query('select from pulp.hold')).rowCount, 0);
  });
});

type Client = Awaited<ReturnType<typeof connect>>;

/** A database, and a worker that leads. */
async function open() {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await createDatabase());
  const client = opened.use(await connect(url));
  const pulp = opened.use(await CommandLine.create({ DATABASE_URL: url }));
  await pulp.worker('--tasks', TASKS_FILE);
  const kept = opened.move();
  return { client, pulp, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function granted(client: Client, count: number): Promise<void> {
  await until(
    async () => (await client.query(`select from pulp.hold where state = 'granted'`)).rowCount === count,
  );
}

async function codeOf(child: ReturnType<CommandLine['start']>): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
