import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { childrenOf, guardiansOf } from '../support/guardians.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const ON_LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };

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
    assert.equal(await codeOf(waiting), 130);
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

  test('does so when its terminal is gone', async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    const byHand = pulp.start(['hold', '/a/']);
    await once(byHand.stderr, 'data');
    const waiting = pulp.start(['hold', '/a/', '--', 'true']);
    await until(async () => (await client.query('select from pulp.hold')).rowCount === 2);
    waiting.kill('SIGHUP');
    assert.equal(await codeOf(waiting), 129);
    byHand.kill('SIGHUP');
    assert.equal(await codeOf(byHand), 0);
    assert.equal((await client.query('select from pulp.hold')).rowCount, 0);
  });

  test('is not run after a signal, also if that comes while the grant is on its way', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using manager = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const child = pulp.start(['hold', '/a/', '--', 'echo', 'ran']);
    const written = text(child.stdout);
    await until(async () => (await client.query('select from pulp.hold')).rowCount === 1);
    await manager.query('begin; select pulp.grant_reservations()'); // who looks now waits until it is granted
    await asked(client, 'renew_hold');
    child.kill('SIGTERM');
    await asked(client, 'release_hold');
    await manager.query('commit');
    assert.deepEqual([await codeOf(child), await written], [143, '']);
    const { rows } = await client.query(
      `select type, data ->> 'reason' as reason from pulp.event where stream_kind = 'system' and stream_id like 'hold/%' order by position`,
    );
    assert.deepEqual(
      rows.map(({ type }: { type: string }) => type),
      ['HoldRequested', 'HoldGranted', 'HoldReleased'],
    );
  });

  test('leaves the line soon after a signal though the database does not answer', async () => {
    await using database = await createDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: proxy.url });
    const child = pulp.start(['hold', '/a/', '--', 'true']);
    const written = text(child.stderr);
    await using client = await connect(database.url);
    await until(async () => (await client.query('select from pulp.hold')).rowCount === 1);
    proxy.swallow();
    child.kill('SIGINT');
    assert.equal(await codeOf(child), 130);
    assert.match(await written, /Warning: .* \(it does not answer\): .*\nInterrupted\.\n$/);
  });

  test('that has succeeded while the database is away has succeeded', async () => {
    await using scene = await open();
    await using proxy = await FaultyProxy.open(scene.url);
    const child = scene.pulp.start(['hold', '/a/', '--', 'cat'], { DATABASE_URL: proxy.url });
    const written = text(child.stderr);
    await granted(scene.client, 1);
    await until(() => childrenOf(child.pid).some((pid) => programOf(pid) === 'cat'));
    await proxy.refuse();
    child.stdin.end();
    assert.equal(await codeOf(child), 0);
    assert.match(
      await written,
      /Warning: the database could not be told that a hold is let go of \(.*30 s is over\.\n$/,
    );
    await proxy.accept();
  });

  test('keeps its place in line through an outage', async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    await using proxy = await FaultyProxy.open(scene.url);
    const first = pulp.start(['hold', '/a/', '--', 'cat']);
    await granted(client, 1);
    const child = pulp.start(['hold', '/a/', '--', 'echo', 'ran'], { DATABASE_URL: proxy.url });
    const written = [text(child.stdout), text(child.stderr)];
    const ended = codeOf(child);
    for (let lost = 0; lost < 8; lost++) await Promise.race([proxy.loseNext(/renew_hold/, 'request'), ended]);
    first.stdin.end();
    const [stdout, stderr] = await Promise.all(written);
    assert.deepEqual([await ended, stdout], [0, 'ran\n'], stderr);
    assert.match(stderr ?? '', /Still waiting: .*\n[^]*The database is back\.\n[^]*Held/);
  });

  for (const { that, killsGuardian } of [
    { that: 'ends with it when that is killed, before others get what it held', killsGuardian: false },
    { that: 'does so after its guardian was killed', killsGuardian: true },
  ])
    test(that, ON_LINUX, async () => {
      await using scene = await open();
      const { pulp, client } = scene;
      const { holder, family, stderr } = await startFamily(pulp);
      if (killsGuardian) {
        const guardian = await guardianOf(holder.pid);
        process.kill(guardian, 'SIGKILL');
        await until(() => guardiansOf(holder.pid).some((pid) => pid !== guardian));
      }
      holder.kill('SIGKILL');
      const next = pulp.start(['hold', '/a/', '--', 'cat']);
      await granted(
        client,
        1,
        `and position > (select min(position) from pulp.event where type = 'HoldRequested')`,
      );
      assert.deepEqual(family.filter(isAlive), []);
      next.stdin.end();
      assert.equal(await codeOf(next), 0);
      assert.match(await stderr, killsGuardian ? /guardian of the command ended/ : /^Held[^\n]*\n$/);
      await until(() => !isAlive(holder.pid ?? 0));
    });

  test('ends with it by the kernel where no guardian can do that', ON_LINUX, async () => {
    await using scene = await open();
    const { holder, family } = await startFamily(scene.pulp);
    const guardian = await guardianOf(holder.pid);
    process.kill(guardian, 'SIGSTOP');
    holder.kill('SIGKILL');
    const [leader = 0] = family;
    await until(() => !isAlive(leader));
    process.kill(guardian, 'SIGCONT');
    await until(() => !family.some(isAlive));
  });

  test('ends before the lease of a holder that is stopped', ON_LINUX, async () => {
    await using scene = await open();
    const { holder, family, stderr } = await startFamily(scene.pulp);
    holder.kill('SIGSTOP');
    await until(() => !family.some(isAlive), 40_000);
    assert.equal((await scene.client.query(`select from pulp.hold where state = 'granted'`)).rowCount, 1);
    holder.kill('SIGCONT');
    assert.equal(await codeOf(holder), 1);
    assert.match(await stderr, /could give no sign of life for too long/);
  });

  test('leaves going on what it has left behind when it has ended well', ON_LINUX, async () => {
    await using scene = await open();
    const { pulp, client } = scene;
    const child = pulp.start(['hold', '/a/', '--', 'sh', '-c', 'sleep 300 >/dev/null 2>&1 & echo $!']);
    const pid = Number(await text(child.stdout));
    assert.equal(await codeOf(child), 0);
    const next = await pulp.run(['hold', '/a/', '--', 'true']);
    assert.deepEqual(
      [next.code, (await client.query('select from pulp.hold')).rowCount],
      [0, 0],
      next.stderr,
    );
    assert.ok(isAlive(pid));
    process.kill(pid);
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
  return { url, client, pulp, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function granted(client: Client, count: number, more = ''): Promise<void> {
  await until(
    async () =>
      (await client.query(`select from pulp.hold where state = 'granted' ${more}`)).rowCount === count,
  );
}

/** Waits until a command waits for the answer of a function, which somebody's transaction holds up. */
async function asked(client: Client, name: string): Promise<void> {
  await until(async () => {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%' || $1 || '%'`,
      [name],
    );
    return rowCount === 1;
  });
}

/** A command with children: one in its process group, and one with a session and an environment of its own. */
async function startFamily(pulp: CommandLine) {
  const holder = pulp.start([
    ...['hold', '/a/', '--', 'sh', '-c'],
    'sleep 300 & echo $!; setsid sleep 300 & echo $!; env -i sleep 300 & echo $! $$; wait',
  ]);
  const stderr = text(holder.stderr);
  let written = '';
  for await (const chunk of holder.stdout.iterator({ destroyOnReturn: false })) {
    written += String(chunk);
    if (/ \d+\n$/.test(written)) break;
  }
  holder.stdout.resume();
  const family = written.trim().split(/\s/).map(Number).reverse();
  assert.deepEqual([family.length, family.filter(isAlive).length], [4, 4]);
  return { holder, family, stderr };
}

/** The guardian that a holder has, as soon as it has one. */
async function guardianOf(holder: number | undefined): Promise<number> {
  await until(() => guardiansOf(holder).length > 0);
  const [guardian] = guardiansOf(holder);
  assert.ok(guardian !== undefined);
  return guardian;
}

function programOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

async function codeOf(child: ReturnType<CommandLine['start']>): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
