import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { cancel, closeConnection, enqueueWithReservation } from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const ID = '01992f6e-8f3c-7000-8000-5bd2d31c4f0a';

/** Every command that needs the database. */
const COMMANDS: readonly (readonly string[])[] = [
  ['task', 'enqueue', 'any', '--unchecked'],
  ['task', 'enqueue', '--from', '-', '--unchecked'],
  ['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE, '--wait'],
  ['task', 'cancel', ID],
  ['task', 'show', ID],
  ['task', 'history', ID],
  ['task', 'wait', ID],
  ['task', 'list'],
  ['worker', 'list'],
  ['db', 'status'],
  ['db', 'migrate'],
];

/** Commands end with two lines: what was wrong, and what to do. */
async function assertTwoLines(pulp: CommandLine): Promise<void> {
  const input = '{"name": "any"}';
  for (const [index, { code, stdout, stderr }] of (
    await Promise.all(COMMANDS.map((command) => pulp.run(command, { input })))
  ).entries()) {
    assert.deepEqual([code, stdout], [1, ''], `${COMMANDS[index]?.join(' ')}: ${stderr}`);
    assert.match(stderr, /^Error: .*\nTry: .*\n$/);
  }
}

suite('commands without their database', () => {
  test('say so in two lines when the server is down', async () => {
    await using pulp = await CommandLine.create({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    await assertTwoLines(pulp);
    const { code, data } = await pulp.json(['task', 'list']);
    assert.equal(code, 1);
    assert.partialDeepStrictEqual(data, { error: { code: 'DATABASE_UNREACHABLE' } });
  });

  test('say which database it is, and not its password', async () => {
    await using pulp = await CommandLine.create({
      DATABASE_URL: 'postgresql://somebody:hush@127.0.0.1:1/none',
    });
    const { stderr } = await pulp.run(['task', 'list']);
    assert.match(stderr, /\. DATABASE_URL names postgresql:\/\/somebody@127\.0\.0\.1:1\/none\n$/);
  });

  test('say so in two lines when connections break down', async () => {
    await using database = await createDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    proxy.loseEvery(/select|begin/i, 'request');
    await using pulp = await CommandLine.create({ DATABASE_URL: proxy.url });
    await assertTwoLines(pulp);
  });

  test('go on waiting for a task through an outage, and say so', async () => {
    await using database = await createDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: proxy.url });
    process.env['DATABASE_URL'] = database.url;
    const { id } = await enqueueWithReservation('any', ['/a/'], { unchecked: true });
    const waiting = follow(pulp.start(['task', 'wait', id]));
    const enqueueing = follow(
      pulp.start(['task', 'enqueue', 'any', '--unchecked', '--resource', '/a/', '--wait']),
    );
    const both = [waiting, enqueueing];
    await until(() => both.every(({ said }) => said.stderr.includes('No worker is online')));
    await using client = await connect(database.url);
    await until(async () => {
      const { rowCount } = await client.query(
        `select from pg_stat_activity where datname = current_database() and query ilike 'listen %'`,
      );
      return rowCount === 2; // both wait
    });
    await proxy.refuse();
    await until(() => both.every(({ said }) => said.stderr.includes('Still waiting: ')), 60_000);
    await proxy.accept();
    await Promise.all([id, enqueueing.said.stdout.trim()].map((task) => cancel(task)));
    assert.deepEqual(await Promise.all(both.map(({ exitCode }) => exitCode)), [1, 1]);
    for (const { said } of both) assert.match(said.stderr, /The database is back\.\n.*canceled/);
    await closeConnection();
  });
});

/** What a command has said so far, and how it ends. */
function follow(child: ChildProcessWithoutNullStreams): {
  readonly said: { readonly stdout: string; readonly stderr: string };
  readonly exitCode: Promise<number | null>;
} {
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  return { said, exitCode: once(child, 'close').then(() => child.exitCode) };
}
