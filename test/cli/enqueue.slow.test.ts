import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\n$/;
const OWN_ID = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';

async function countTasks(databaseUrl: string): Promise<number> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ count: number }>('select count(*)::integer as count from pulp.task');
  return rows[0]?.count ?? -1;
}

suite('pulp task enqueue', () => {
  test('gives the task that stands for a unique one, or refuses', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const enqueue = (...flags: string[]) =>
      pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE, ...flags]);
    const first = await enqueue('--unique-key', 'k', '--unique-for', '1h');
    const second = await enqueue('--unique-key', 'k');
    assert.deepEqual([first.code, second.stdout], [0, first.stdout]);
    const refused = await enqueue('--unique-key', 'k', '--unique-then', 'refuse');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`task ${first.stdout.trim()} stands for it`));
    const plain = await enqueue('--unique');
    assert.equal((await enqueue('--unique')).stdout, plain.stdout);
    const wrong = await enqueue('--unique-for', 'soon');
    assert.match(wrong.stderr, /unique: for: must be/);
    assert.equal((await enqueue('--unique-while', 'running')).code, 2);
    assert.equal(await countTasks(database.url), 2);
  });

  test('prints the id alone, and enqueues what the flags say', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const [plain, full] = await Promise.all([
      pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE]),
      pulp.run([
        ...['task', 'enqueue', '--resource', '/b/', '--resource', '/a/', '--shared-resource', '/c/'],
        ...[
          'test.sync',
          '--kwargs',
          '{"url": "https://example.org/"}',
          '--tasks',
          TASKS_FILE,
          '--queue',
          'mail',
        ],
        ...['--priority', '-5', '--at', '2100-01-01T00:00:00+02:00', '--retries', '3', '--timeout', '10m'],
        ...['--group', 'nightly', '--correlation-id', 'request 7', '--id', OWN_ID],
      ]),
    ]);
    assert.deepEqual([plain.code, plain.stderr], [0, '']);
    assert.match(plain.stdout, ID);
    assert.deepEqual(full, { code: 0, stdout: `${OWN_ID}\n`, stderr: '' });
    await using client = await connect(database.url);
    const { rows } = await client.query(
      `select name, state, args, kwargs, queue, exclusive_resources, shared_resources, priority, run_after, retries,
         timeout_seconds, group_id, correlation_id
       from pulp.task where id = $1`,
      [OWN_ID],
    );
    assert.deepEqual(rows, [
      {
        name: 'test.sync',
        state: 'waiting',
        args: [],
        kwargs: { url: 'https://example.org/' },
        queue: 'mail',
        exclusive_resources: ['/a/', '/b/'],
        shared_resources: ['/c/'],
        priority: -5,
        run_after: new Date('2099-12-31T22:00:00Z'),
        retries: 3,
        timeout_seconds: 600,
        group_id: 'nightly',
        correlation_id: 'request 7',
      },
    ]);
  });

  test('refuses bad input with exit code 2, says what is wrong, and writes nothing', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('pulp.tasks.ts', `export * from ${JSON.stringify(TASKS_FILE)};`);
    const bad: readonly [RegExp, ...string[]][] = [
      [/--args: bad JSON at position 4$/m, 'test.add', '--args', '[1, x]'],
      [/args\[1\]: is Infinity/, 'test.add', '--args', '[1, 1e400]'],
      [/args\[0\]: is an integer beyond 2\^53 - 1/, 'test.add', '--args', '[9007199254740993, 1]'],
      [/args\.1: .*expected number/, 'test.add', '--args', '[1, "2"]'],
      [/kwargs\.url: Invalid URL/, 'test.sync', '--kwargs', '{"url": "nowhere"}'],
      [/args: must be an array/, 'any', '--unchecked', '--args', '{}'],
      [/delay: must be a number of seconds/, 'any', '--unchecked', '--delay', 'soon'],
      [/--(at|delay)=.* cannot also be provided/, 'any', '--delay=1s', '--at=2100-01-01T00:00Z'],
      [/there is no flag --resources\nTry: Is it --resource\?/, 'any', '--resources', '/a/'],
      [/unknown task type "test\.ad": no worker has published it/, 'test.ad'],
      [/name: must start with a letter/, '9bad'],
      [/name a task type or give --from/, '--unchecked'],
    ];
    await Promise.all(
      bad.map(async ([expected, ...args]) => {
        const { code, stdout, stderr } = await pulp.run(['task', 'enqueue', ...args]);
        assert.deepEqual([code, stdout], [2, ''], args.join(' '));
        assert.match(stderr, expected);
        assert.match(stderr, /^Error: .*\nTry: .*\n$/s);
      }),
    );
    assert.equal(await countTasks(database.url), 0);
  });

  test('checks types without their code by what workers have published', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const early = await pulp.json(['task', 'enqueue', 'test.add']);
    assert.deepEqual(early, {
      code: 2,
      data: {
        error: {
          code: 'UNKNOWN_TASK_TYPE',
          message: 'unknown task type "test.add": no worker has published it',
          remedy:
            'Start a worker that has it, or enqueue it unchecked (--unchecked; in SQL the option "unchecked": true).',
        },
      },
    });
    await pulp.worker('--tasks', TASKS_FILE, '--queue', 'another');
    const [near, wrong, right, unchecked] = await Promise.all([
      pulp.run(['task', 'enqueue', 'test.snyc']),
      pulp.run(['task', 'enqueue', 'test.sync', '--kwargs', '{"url": 7}']),
      pulp.run(['task', 'enqueue', 'test.sync', '--kwargs', '{"url": "https://example.org/"}']),
      pulp.run(['task', 'enqueue', 'of.another.service', '--unchecked']),
    ]);
    assert.equal(near.code, 2);
    assert.match(near.stderr, /unknown task type "test\.snyc": did you mean test\.sync/);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /kwargs\.url: .*expected string/);
    assert.equal(right.code, 0);
    assert.equal(unchecked.code, 0);
    assert.equal(await countTasks(database.url), 2);
  });

  test('takes an id of the caller once, and refuses it for something else', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const enqueue = ['task', 'enqueue', 'any', '--unchecked', '--id', OWN_ID];
    assert.equal((await pulp.run(enqueue)).stdout, `${OWN_ID}\n`);
    assert.equal((await pulp.run(enqueue)).stdout, `${OWN_ID}\n`);
    const other = await pulp.json([...enqueue, '--args', '[1]']);
    assert.equal(other.code, 2);
    assert.equal((other.data as { error: { code: string } }).error.code, 'ID_CONFLICT');
    assert.equal(await countTasks(database.url), 1);
  });

  test('with --wait the exit code says how it ended', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.worker('--tasks', TASKS_FILE);
    const [good, bad, shown] = await Promise.all([
      pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']),
      pulp.run(['task', 'enqueue', 'test.fail', '--wait']),
      pulp.json(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']),
    ]);
    assert.deepEqual([good.code, good.stderr], [0, '']);
    assert.match(good.stdout, ID);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, ID);
    assert.equal(bad.stderr, `task ${bad.stdout.trim()} failed: out of luck (TASK_FAILED)\n`);
    const { state, result } = shown.data as { state: string; result: unknown };
    assert.deepEqual([shown.code, state, result], [0, 'completed', 3]);
  });
});
