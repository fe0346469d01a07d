import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('what is paused', () => {
  test('does not begin until it goes on, and says so to whoever asks why', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const enqueue = async (item: object) => {
      const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
        JSON.stringify([{ unchecked: true, name: 'test.add', args: [1, 2], ...item }]),
      ]);
      return rows[0]?.id ?? '';
    };
    const paused = await pulp.run(['pause', 'queue', 'default', '--reason', 'the mirror is moved.']);
    assert.match(
      paused.stdout,
      /^Queue default is paused since \S+Z by \S+: the mirror is moved\. Let it go on: pulp resume queue default\n$/,
    );
    await pulp.run(['pause', 'resource', '/a/', '--for', '1d']);
    const mistyped = await pulp.run(['pause', 'queue', 'defautl', '--for', '1m']);
    assert.equal(mistyped.stderr, 'There is no queue defautl yet; did you mean default?\n');
    await pulp.run(['resume', 'queue', 'defautl']);
    const free = await enqueue({});
    const claiming = await enqueue({ queue: 'other', resources: ['/a/'] });
    const beside = await enqueue({ queue: 'other', resources: ['/b/'] });
    await pulp.worker('--tasks', TASKS_FILE, '--queue', 'default', '--queue', 'other');
    const done = await pulp.run(['task', 'wait', beside, '--timeout', '20s']);
    assert.equal(done.code, 0, done.stderr);

    const reasonsOf = async (id: string) =>
      ((await pulp.json(['task', 'why', id])).data as { reasons: string[] }).reasons;
    assert.deepEqual(await reasonsOf(free), ['paused']);
    assert.deepEqual(await reasonsOf(claiming), ['paused']);
    const why = await pulp.run(['task', 'why', claiming]);
    assert.match(why.stdout, /Resource \/a\/ is paused since .* It goes on at \d{4}-/);
    const { rows } = await client.query<{ state: string }>(
      'select state from pulp.task where id = any ($1)',
      [[free, claiming]],
    );
    assert.deepEqual(rows, [{ state: 'waiting' }, { state: 'waiting' }]);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);

    for (const [kind, name, id] of [
      ['queue', 'default', free],
      ['resource', '/a/', claiming],
    ] as const) {
      const resumed = await pulp.run(['resume', kind, name]);
      assert.deepEqual([resumed.code, resumed.stdout], [0, `${kind} ${name} goes on\n`]);
      const ended = await pulp.run(['task', 'wait', id, '--timeout', '20s']);
      assert.equal(ended.code, 0, ended.stderr);
    }
    await client.query(`select pulp.pause('queue', 'default', until => 'infinity')`);
    const endless = await pulp.run(['pause']);
    assert.match(endless.stdout, /Let it go on: pulp resume queue default\n$/);
    await pulp.run(['resume', 'queue', 'default']);
    await assert.rejects(client.query(`select pulp.pause('all', until => '3000-01-01')`), { code: 'PU004' });
    const nothing = await pulp.run(['pause']);
    assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, '', 'Nothing is paused.\n']);
  });

  test('goes on by itself when its time is over, and the log says so', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { rows } = await client.query<{ id: string }>(
      `select pulp.enqueue('test.add', '[1, 2]', resources => '{/a/}', options => '{"unchecked": true}') as id`,
    );
    await client.query(
      `select pulp.pause('resource', '/a/', 'a moment', clock_timestamp() + interval '1500 ms')`,
    );
    await pulp.worker('--tasks', TASKS_FILE);
    const ended = await pulp.run(['task', 'wait', rows[0]?.id ?? '', '--timeout', '20s']);
    assert.equal(ended.code, 0, ended.stderr);
    const events = await client.query(
      `select type, data ->> 'reason' as reason from pulp.event where stream_id = 'pause/resource//a/' order by version`,
    );
    assert.deepEqual(events.rows, [
      { type: 'ResourcePaused', reason: 'a moment' },
      { type: 'ResourceResumed', reason: 'its time is over' },
    ]);
    await until(async () => (await client.query('select from pulp.pause')).rowCount === 0);
  });

  test('is named rightly, or nothing is changed', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    for (const [args, code, message] of [
      [['pause', 'nothing'], 2, /Expected nothing to be one of/],
      [['pause', 'queue'], 2, /which queue\? it has no name/],
      [['pause', 'queue', '1'], 2, /queue: must start with a letter/],
      [['pause', 'all', 'default'], 2, /all has no name/],
      [['pause', 'resource', ''], 2, /resource/],
      [['pause', 'type', 'a', '--for', 'ever'], 2, /--for/],
      [['resume', 'queue', 'default'], 3, /queue default is not paused/],
      [['resume'], 2, /kind/],
    ] as const) {
      const ended = await pulp.run([...args]);
      assert.match(ended.stderr, message, args.join(' '));
      assert.equal(ended.code, code, ended.stderr);
    }
    await using client = await connect(database.url);
    assert.deepEqual((await client.query('select from pulp.event')).rows, []);
  });
});

test('pauses are rebuilt, and seen as they were', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  await client.query(`select pulp.pause('queue', 'a', 'first'), pulp.pause('type', 't'), pulp.pause('all')`);
  const { rows: before } = await client.query('select * from pulp.pause order by kind');
  const { rows: times } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
  await client.query(`select pulp.resume('type', 't'), pulp.pause('queue', 'a', 'second')`);
  const { rows: after } = await client.query('select * from pulp.pause order by kind');
  assert.equal(after.length, 2);
  const then = await client.query('select * from pulp.pause_at($1) order by kind', [times[0]?.at]);
  assert.deepEqual(then.rows, before);

  await client.query(
    `update pulp.pause set reason = 'forged' where kind = 'queue'; delete from pulp.pause where kind = 'all'`,
  );
  const found = await pulp.run(['db', 'verify']);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /pause_as_folded/);
  const rebuilt = await pulp.run(['db', 'rebuild']);
  assert.equal(rebuilt.code, 0, rebuilt.stdout);
  assert.deepEqual((await client.query('select * from pulp.pause order by kind')).rows, after);
});
