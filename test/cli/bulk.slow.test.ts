import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { COMMIT, FaultyProxy } from '../support/faulty-proxy.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const FROM_STDIN = ['task', 'enqueue', '--from', '-'];

/** The tasks of a database in their order: id and first argument of each. */
async function readTasks(databaseUrl: string): Promise<readonly { id: string; argument: unknown }[]> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ id: string; argument: unknown }>(
    'select id, args -> 0 as argument from pulp.task order by position',
  );
  return rows;
}

function line(argument: unknown, more: object = {}): string {
  return JSON.stringify({ name: 'any', unchecked: true, args: [argument], ...more });
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, number) => line(number));
}

suite('pulp task enqueue --from', () => {
  test('enqueues every line in order and prints the ids in order', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    // Blank lines, other line ends, a character that ends lines elsewhere, and no line end at the end of the file.
    const input = `\uFEFF${lines(2500).join('\n')}\n\n  \r\n${line('with\u2028in')}\r\n${line('last')}`;
    await pulp.write('tasks.ndjson', input);
    const { code, stdout, stderr } = await pulp.run(['task', 'enqueue', '--from', 'tasks.ndjson']);
    assert.deepEqual([code, stderr], [0, '']);
    const tasks = await readTasks(database.url);
    assert.deepEqual(
      tasks.map((task) => task.argument),
      [...Array(2500).keys(), 'with\u2028in', 'last'],
    );
    assert.equal(stdout, tasks.map((task) => `${task.id}\n`).join(''));
  });

  test('one bad line, whoever finds it, and none is enqueued', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const good = lines(1500);
    const bad: readonly [string, RegExp][] = [
      ['{"name": "any"', /line 1501: bad JSON at position 14: it ends too early/],
      [line(1, { resource: '/a/' }), /line 1501: resource: unknown key/],
      [JSON.stringify({ name: 'test.ad' }), /line 1501: unknown task type "test\.ad"/],
      [JSON.stringify({ name: 'test.add', args: [1, 'x'] }), /line 1501: args\.1: .*expected number/],
    ];
    await Promise.all(
      bad.map(async ([text, expected]) => {
        const input = [...good, text, ...good].join('\n');
        const { code, stdout, stderr } = await pulp.run([...FROM_STDIN, '--tasks', TASKS_FILE], { input });
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, expected);
      }),
    );
    assert.deepEqual(await readTasks(database.url), []);
  });

  for (const flags of [[], ['--keep-going']]) {
    test(`a line comes after the task that stands for an earlier one, however far away: ${flags.join('') || 'all or none'}`, async () => {
      await using database = await createDatabase();
      await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
      await using client = await connect(database.url);
      const unique = { unique: { key: 'k' } };
      const { stdout: standing } = await pulp.run([...FROM_STDIN], { input: line('standing', unique) });
      const id = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';
      const input = [line('lost', { ...unique, id }), ...lines(1500), line('child', { after: [id] })].join(
        '\n',
      );
      const { code, stderr } = await pulp.run([...FROM_STDIN, ...flags], { input });
      assert.deepEqual([code, stderr], [0, '']);
      const { rows } = await client.query(
        `select options -> 'after' as after from pulp.task where args = '["child"]'`,
      );
      assert.deepEqual(rows, [{ after: [standing.trim()] }]);
    });
  }

  test('with --keep-going enqueues the good lines and tells of the bad ones by their numbers', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const taken = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';
    const bad = [
      ['nonsense', 'bad JSON at position 1'],
      ['[1]', 'must be a JSON object'],
      ['{}', 'name: must'],
      [line(1, { kwargs: [] }), 'kwargs: must be an object'],
      [line(1, { delay: 'soon' }), 'delay: must be'],
      [line(1, { timeout: 0 }), 'timeout: must be'],
      [line(1, { at: 'tomorrow' }), 'at: must be a time'],
      [line(1, { priority: 1.5 }), 'priority: must be an integer'],
      ['{"name": "any", "unchecked": true, "priority": 1e400}', 'priority: is Infinity'],
      [
        '{"name": "any", "unchecked": true, "args": [9007199254740993]}',
        'args[0]: is an integer beyond 2^53 - 1',
      ],
      ['{"name": "any", "unchecked": true, "kwargs": {"__proto__": 1}}', 'kwargs.__proto__: this key'],
      [line(1, { resources: [''] }), 'resources[0]: must be'],
      [line(1, { id: taken }), `id: task ${taken} was enqueued before with other content`],
      ['{"name": "any"}', 'unknown task type "any"'],
      [line('\0'), 'args[0]: holds a NUL'],
    ] as const;
    const good = [line('first'), line('second', { id: taken }), ...lines(1200), line('last')];
    const input = [
      ...good.slice(0, 2),
      ...bad.flatMap(([text], index) => [text, good[index + 2]]),
      ...good.slice(bad.length + 2),
      '\xff',
    ].join('\n');
    const { code, stdout, stderr } = await pulp.run([...FROM_STDIN, '--keep-going'], {
      input: Buffer.concat([Buffer.from(input.slice(0, -1)), Buffer.of(0xff)]),
    });
    assert.equal(code, 2);
    const tasks = await readTasks(database.url);
    assert.deepEqual(
      tasks.map((task) => task.argument),
      good.map((text) => (JSON.parse(text) as { args: unknown[] }).args[0]),
    );
    assert.equal(stdout, tasks.map((task) => `${task.id}\n`).join(''));
    const told = stderr.trimEnd().split('\n');
    assert.equal(told.length, bad.length + 1);
    bad.forEach(([, message], index) => {
      assert.ok(
        told[index]?.startsWith(`line ${3 + 2 * index}: ${message}`),
        `${told[index]} tells of ${message}`,
      );
    });
    assert.match(told.at(-1) ?? '', /^line \d+: is not UTF-8$/);
  });

  test('knows whether it was committed when the answer is lost', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({});
    await using answerLost = await FaultyProxy.open(database.url);
    answerLost.loseEvery(COMMIT, 'answer');
    await using commitLost = await FaultyProxy.open(database.url);
    commitLost.loseEvery(COMMIT, 'request');
    const input = lines(3).join('\n');
    const [committed, lost] = await Promise.all([
      pulp.run(FROM_STDIN, { input, env: { DATABASE_URL: answerLost.url } }),
      pulp.run(FROM_STDIN, { input, env: { DATABASE_URL: commitLost.url } }),
    ]);
    const tasks = await readTasks(database.url);
    assert.deepEqual(committed, {
      code: 0,
      stdout: tasks.map((task) => `${task.id}\n`).join(''),
      stderr: '',
    });
    assert.equal(tasks.length, 3);
    assert.deepEqual([lost.code, lost.stdout], [1, '']);
    assert.match(lost.stderr, /lost the database; nothing was written/);
  });

  test('reads no flags of one task, and says what it cannot read', async () => {
    await using pulp = await CommandLine.create({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    const [both, missing] = await Promise.all([
      pulp.run([...FROM_STDIN, '--queue', 'mail']),
      pulp.run(['task', 'enqueue', '--from', 'missing.ndjson', '--unchecked']),
    ]);
    assert.equal(both.code, 2);
    assert.match(both.stderr, /--queue=mail cannot also be provided when using --from/);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /cannot read missing\.ndjson/);
  });
});
