import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const UNKNOWN = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';

/** Enqueues tasks unchecked, each transaction's after the one before; gives their ids. */
async function enqueue(databaseUrl: string, ...items: object[]): Promise<string[]> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ id: string }>('select id from pulp.enqueue_batch($1) as id', [
    JSON.stringify(items.map((item) => ({ unchecked: true, ...item }))),
  ]);
  return rows.map((row) => row.id);
}

suite('a task that failed', () => {
  test('is run again in its own history, and the past says what it was', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const [failing = '', fine = ''] = await enqueue(
      database.url,
      { name: 'test.fail', resources: ['/a/'] },
      { name: 'test.add', args: [1, 2] },
    );
    await pulp.worker('--tasks', TASKS_FILE);
    await pulp.run(['task', 'wait', failing, fine]);
    const ended = new Date().toISOString();

    const retried = await pulp.run(['task', 'retry', failing, fine, UNKNOWN, '--reason', 'mended']);
    assert.equal(retried.code, 3);
    assert.equal(retried.stdout, `${failing} waiting\n${fine} completed\n`);
    assert.match(retried.stderr, new RegExp(`task ${fine} is completed: only .*failed`));
    assert.match(retried.stderr, new RegExp(`there is no task ${UNKNOWN}`));
    const again = await pulp.json(['task', 'wait', failing]);
    const [task] = again.data as { state: string; attempt: number }[];
    assert.deepEqual([task?.state, task?.attempt], ['failed', 2]);

    const history = await pulp.run(['task', 'history', failing]);
    assert.match(history.stdout, /TaskRequeued .*reason=mended/);
    const then = await pulp.json(['task', 'list', '--state', 'failed', '--at', ended]);
    assert.deepEqual(
      (then.data as { id: string; attempt: number }[]).map(({ id, attempt }) => [id, attempt]),
      [[failing, 1]],
    );
    const why = await pulp.run(['task', 'why', failing]);
    assert.match(why.stdout, /failed, until it was run again/);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });
});

suite('many tasks at once', () => {
  test('are previewed, asked for, and dealt with', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const ids = await enqueue(
      database.url,
      ...Array.from({ length: 7 }, (_, n) => ({ name: n < 6 ? 'some' : 'other', resources: [`/${n}/`] })),
    );
    const some = ['--name', 'some'];

    const looked = await pulp.run(['task', 'cancel', ...some, '--dry-run']);
    assert.deepEqual([looked.code, looked.stdout], [0, '']);
    assert.match(looked.stderr, /^Cancel 6 tasks, the newest of them:\nID .*\n(.* waiting .*\n){5}$/);
    const unasked = await pulp.run(['task', 'cancel', ...some]);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /nothing was done\nTry: Say --yes/);
    assert.deepEqual(await counts(database.url), { waiting: 7 });

    const canceled = await pulp.run(['task', 'cancel', ...some, '--yes', '--reason', 'no more']);
    assert.deepEqual([canceled.code, canceled.stdout], [0, '6 tasks: now 6 canceled\n']);
    assert.deepEqual(await counts(database.url), { waiting: 1, canceled: 6 });
    const missing = '01992f6e-8f3c-7000-8000-5bd2d31c4f0a';
    const named = await pulp.json(['task', 'cancel', ids[0] ?? '', ids[6] ?? '', missing, '--dry-run']);
    assert.deepEqual(named, { code: 3, data: { tasks: 1, sample: [ids[6]] } });
    const none = await pulp.json(['task', 'cancel', ...some, '--yes']);
    assert.deepEqual(none, { code: 0, data: { tasks: 0, sample: [] } });

    const retried = await pulp.json(['task', 'retry', ...some, '--enqueued-after', '1h', '--yes']);
    assert.deepEqual(retried, { code: 0, data: { tasks: 6, states: { waiting: 6 } } });
    const set = await pulp.run([
      'task',
      'set',
      '--name-contains',
      'om',
      '-y',
      '--priority',
      '5',
      '--to-queue',
      'slow',
    ]);
    assert.deepEqual([set.code, set.stdout], [0, '6 tasks: now 6 waiting\n']);
    const listed = await pulp.json([
      'task',
      'list',
      '--queue',
      'slow',
      '--sort',
      '-enqueued_at',
      '--limit',
      '20',
    ]);
    assert.deepEqual(
      (listed.data as { id: string; priority: number }[]).map(({ id, priority }) => [id, priority]),
      ids
        .slice(0, 6)
        .toReversed()
        .map((id) => [id, 5]),
    );
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('need ids or filters that they can apply to, and not both', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    for (const [args, message] of [
      [['cancel'], /say which tasks/],
      [['cancel', UNKNOWN, '--name', 'a'], /give ids of tasks or filters/],
      [['retry', '--state', 'completed', '--yes'], /does not apply to tasks that are completed/],
      [['set', UNKNOWN], /say what to change/],
      [['set', UNKNOWN, '--to-queue', 'no queue'], /queue: must start with a letter/],
      [['set', UNKNOWN, '--priority', '9999999999'], /9999999999/],
      [['retry', '--parent', 'nobody', '--yes'], /--parent: "nobody" is no id/],
      [['list', '--cursor', UNKNOWN], /there is no task/],
      [['list', '--finished-before', 'soon'], /--finished-before: "soon" is not a time/],
    ] as const) {
      const { code, stderr } = await pulp.run(['task', ...args]);
      assert.match(stderr, message, args.join(' '));
      assert.equal(code, args[0] === 'list' && args[1] === '--cursor' ? 3 : 2, stderr);
    }
  });

  test('list goes on after each page, without a gap', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const ids = await enqueue(database.url, ...Array.from({ length: 5 }, () => ({ name: 'some' })));
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await pulp.json([
        'task',
        'list',
        '--limit',
        '2',
        ...(cursor === undefined ? [] : ['--cursor', cursor]),
      ]);
      const found = (page.data as { id: string }[]).map(({ id }) => id);
      if (found.length === 0) break;
      seen.push(...found);
      cursor = found.at(-1);
    }
    assert.deepEqual(seen, ids.toReversed());
  });
});

test('what is listed can be enqueued anew', async () => {
  await using database = await createDatabase();
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  const said = {
    name: 'again',
    args: [1],
    kwargs: { a: [2] },
    resources: ['/a/'],
    shared_resources: ['/b/'],
  };
  await enqueue(
    database.url,
    {
      ...said,
      ...{
        priority: 4,
        retries: 2,
        timeout: '90s',
        group: 'g',
        units: { '/c/': 3 },
        requires: { rpm: '>=2' },
      },
    },
    { name: 'plain' },
  );
  const listed = await pulp.run(['task', 'list', '--json']);
  const enqueued = await pulp.run(['task', 'enqueue', '--from', '-', '--unchecked'], {
    input: listed.stdout,
  });
  assert.deepEqual([enqueued.code, enqueued.stdout.trim().split('\n').length], [0, 2], enqueued.stderr);
  await using client = await connect(database.url);
  const { rows } = await client.query(
    `select name, args, kwargs, exclusive_resources, shared_resources, queue, priority, retries, timeout_seconds, group_id, options, count(*)::integer as count
     from pulp.task group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11`,
  );
  assert.deepEqual(
    rows.map(({ count }: { count: number }) => count),
    [2, 2],
  );
  const sealed = JSON.stringify([
    {
      ...(JSON.parse(listed.stdout) as object[])[0],
      kwargs: { token: { $secret: { key: 'k', iv: '', data: '' } } },
    },
  ]);
  const refused = await pulp.run(['task', 'enqueue', '--from', '-', '--unchecked'], { input: sealed });
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /its secrets are bound to it/);
  const broken = await pulp.run(['task', 'enqueue', '--from', '-'], { input: '[{]' });
  assert.deepEqual([broken.code, broken.stdout], [2, '']);
});

async function counts(databaseUrl: string): Promise<Record<string, number>> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ state: string; count: number }>(
    'select state, count(*)::integer as count from pulp.task group by state',
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
