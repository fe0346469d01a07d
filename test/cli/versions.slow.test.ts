import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('versions on the command line', () => {
  test('are what a worker provides, by its tasks file and flags, and what a task waits for', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url, PULP_RELEASE: '2030.2' });
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'old', '--provides', 'rpm=2.0.3');
    const add = ['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE];
    const { stdout } = await pulp.run([...add, '--requires', 'rpm=>=2.1', '--requires', 'deb<2']);
    const id = stdout.trim();
    const why = await pulp.run(['task', 'why', id]);
    assert.match(
      why.stdout,
      /No worker of the queue default has what it requires, deb <2, rpm >=2\.1: old has no deb, rpm 2\.0\.3\. Start one that has: .* --provides NAME=VERSION/,
    );
    const plain = await pulp.run([...add, '--wait']);
    assert.equal(plain.code, 0, plain.stderr);

    await pulp.write(
      'tasks.ts',
      `export * from ${JSON.stringify(TASKS_FILE)};\nexport const versions = { rpm: '2.4', deb: '1.0' };\n`,
    );
    await pulp.worker('--tasks', 'tasks.ts', '--name', 'new', '--provides', 'deb=1.7');
    const waited = await pulp.run(['task', 'wait', id, '--timeout', '20s']);
    assert.equal(waited.code, 0, waited.stderr);
    const { data: workers } = await pulp.json(['worker', 'list']);
    assert.partialDeepStrictEqual(workers, [
      { name: 'new', versions: { rpm: '2.4', deb: '1.7' }, release: '2030.2' },
      { name: 'old', versions: { rpm: '2.0.3' }, release: '2030.2' },
    ]);
    const { rows } = await client.query(
      `select data ->> 'worker' as worker, data ->> 'release' as release from pulp.history($1) where type = 'TaskStarted'`,
      [id],
    );
    assert.deepEqual(rows, [{ worker: 'new', release: '2030.2' }]);
    const line = JSON.stringify({ name: 'test.add', args: [1, 2], requires: { rpm: '^2' } });
    const many = await pulp.run(['task', 'enqueue', '--from', '-'], { input: line });
    assert.equal((await pulp.run(['task', 'wait', many.stdout.trim(), '--timeout', '20s'])).code, 0);
  });

  test('are said rightly, or nothing is done', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write(
      'tasks.ts',
      `export * from ${JSON.stringify(TASKS_FILE)};\nexport const versions = { rpm: 2 };\n`,
    );
    for (const [words, message] of [
      [['task', 'enqueue', 'a', '--unchecked', '--requires', 'rpm'], /--requires: "rpm" is no NAME=VERSION/],
      [
        ['task', 'enqueue', 'a', '--unchecked', '--requires', 'rpm=new'],
        /requires: rpm: must be a range of versions/,
      ],
      [
        ['task', 'enqueue', 'a', '--unchecked', '--requires', 'a=1', '--requires', 'a=2'],
        /names something twice/,
      ],
      [['worker', '--tasks', TASKS_FILE, '--provides', '=1'], /--provides: "=1" is no NAME=VERSION/],
      [['worker', '--tasks', 'tasks.ts'], /what it exports as versions is no object of texts/],
      [['worker', '--tasks', TASKS_FILE, '--provides', 'rpm=new'], /versions: must be an object/],
    ] as const) {
      const ended = await pulp.run(words);
      assert.deepEqual([ended.code, ended.stdout], [2, ''], words.join(' '));
      assert.match(ended.stderr, message, words.join(' '));
    }
  });
});
