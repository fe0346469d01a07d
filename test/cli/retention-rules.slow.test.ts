import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { pastTasks } from '../support/past-tasks.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('pulp retention', () => {
  test('has the leader purge tasks and archive months, tells of it, and takes it back', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pastTasks(client, '2025_01', 30);
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const nothing = await pulp.run(['retention', 'list']);
    assert.deepEqual([nothing.code, nothing.stdout], [0, '']);
    assert.match(nothing.stderr, /^Everything is kept until/);
    assert.match((await pulp.run(['db', 'status'])).stdout, /^retention +none: everything is kept/m);

    const missing = join(pulp.folder, 'archive');
    const set = await pulp.run([
      'retention',
      'set',
      '--canceled',
      '1d',
      '--completed',
      'never',
      '--archive-after',
      '30d',
      '--archive-to',
      missing,
    ]);
    assert.equal(set.code, 0, set.stderr);
    assert.match(
      set.stdout,
      /^WHAT +IS KEPT +SINCE +BY\ntasks +canceled 1d 0h, completed for ever +\S+Z +\S+\nmonths of the log +30d 0h, then \S+archive /,
    );
    await worker.logged('30 tasks were purged');
    await until(async () => {
      const { rows } = await client.query(`select failures ->> 'archive' as why from pulp.leader`);
      return ((rows[0] as { why: string | null }).why ?? '').includes('there is no folder');
    });
    await mkdir(missing);
    await worker.logged('has left the log');
    assert.deepEqual((await readdir(missing)).filter((name) => name.endsWith('.json')).length, 1);
    assert.match(
      (await pulp.run(['db', 'status'])).stdout,
      /^retention +tasks: canceled 1d 0h, completed for ever; months of the log: 30d 0h, then /m,
    );
    const type = await pulp.json(['retention', 'set', '--type', 'test.add', '--failed', '90d']);
    assert.equal((type.data as unknown[]).length, 3);
    for (const [words, told] of [
      [['--archive'], 'log'],
      [['--type', 'test.add'], 'type test.add'],
      [[], 'all'],
    ] as const) {
      const cleared = await pulp.run(['retention', 'clear', ...words]);
      assert.deepEqual([cleared.code, cleared.stdout], [0, `nothing is said any more of ${told}\n`]);
    }
    assert.equal((await client.query('select from pulp.retention')).rowCount, 0);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('has failed no more when archiving is not wanted any more', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.worker('--tasks', TASKS_FILE);
    const missing = join(pulp.folder, 'archive');
    await pulp.run(['retention', 'set', '--archive-after', '30d', '--archive-to', missing]);
    const fails = async () => {
      const { rows } = await client.query<{ fails: boolean }>(
        `select failures ? 'archive' as fails from pulp.leader`,
      );
      return rows[0]?.fails === true;
    };
    await until(fails);
    assert.equal((await pulp.run(['retention', 'clear', '--archive'])).code, 0);
    await until(async () => !(await fails()));
  });

  test('is said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    for (const [words, code, message] of [
      [['set'], 2, /say for how long tasks of which state stay/],
      [['set', '--completed', 'soon'], 2, /--completed: "soon" is not a length of time/],
      [['set', '--completed', '0s'], 2, /from 1 to a century/],
      [['set', '--queue', 'a', '--type', 'b', '--failed', '1d'], 2, /cannot also be provided|exclusive/],
      [['set', '--queue', 'a b', '--failed', '1d'], 2, /^Error: queue: must start/],
      [['set', '--archive-after', '30d'], 2, /archive-to/],
      [['set', '--archive-after', '1h', '--archive-to', '/tmp'], 2, /^Error: seconds: must be from a day/],
      [
        ['set', '--archive-after', '30d', '--archive-to', '/tmp'],
        2,
        /no worker that is online logs in as the owner/,
      ],
      [['clear'], 3, /nothing is said of for how long all is kept/],
      [['clear', '--type', 'a'], 3, /type a is kept/],
    ] as const) {
      const ended = await pulp.run(['retention', ...words]);
      assert.deepEqual([ended.code, ended.stdout], [code, ''], words.join(' '));
      assert.match(ended.stderr, message, words.join(' '));
    }
  });
});
