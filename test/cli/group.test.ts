import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

const add = ['--args', '[1, 2]', '--tasks', TASKS_FILE];

suite('groups on the command line', () => {
  test('are created, shown, listed, awaited and canceled', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const made = await pulp.run([
      'group',
      'create',
      '--description',
      'all mirrors',
      '--finally',
      'test.add',
      ...add,
    ]);
    assert.equal(made.code, 0, made.stderr);
    const id = made.stdout.trim();
    assert.match(made.stderr, /^Its last task is \S+\.\n$/);
    const first = await pulp.run(['task', 'enqueue', 'test.add', ...add, '--group', id]);
    const after = ['--after', first.stdout.trim(), '--on', 'finish'];
    const second = await pulp.run(['task', 'enqueue', 'test.add', ...add, '--group', id, ...after]);
    assert.equal(second.code, 0, second.stderr);
    const why = await pulp.run(['task', 'why', second.stdout.trim()]);
    assert.match(why.stdout, new RegExp(`It comes after ${first.stdout.trim()} \\(test.add, waiting\\)\\.`));
    const last = /Its last task is (\S+)\./.exec(made.stderr)?.[1] ?? '';
    const whyLast = await pulp.run(['task', 'why', last]);
    assert.match(
      whyLast.stdout,
      /It comes last in the group \S+, of which nobody has said that all tasks are there/,
    );

    const timeout = await pulp.run(['group', 'wait', id, '--timeout', '50ms']);
    assert.deepEqual([timeout.code, timeout.stderr.includes('not over yet')], [1, true], timeout.stderr);
    const dispatched = await pulp.run(['group', 'dispatched', id]);
    assert.equal(dispatched.stdout, `all tasks of ${id} are dispatched\n`);
    await pulp.worker('--tasks', TASKS_FILE);
    const waited = await pulp.run(['group', 'wait', id, '--timeout', '30s']);
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stdout, /^completed +3$/m);
    const { data: shown } = await pulp.json(['group', 'show', id]);
    assert.partialDeepStrictEqual(shown, {
      id,
      description: 'all mirrors',
      dispatched: true,
      members: 3,
      completed: 3,
    });

    await pulp.run(['task', 'enqueue', 'test.add', ...add, '--group', 'another', '--delay', '1h']);
    const failed = await pulp.run([
      'task',
      'enqueue',
      'test.fail',
      '--tasks',
      TASKS_FILE,
      '--group',
      'bad',
      '--wait',
    ]);
    await pulp.run([
      'task',
      'enqueue',
      'test.add',
      ...add,
      '--group',
      'bad',
      '--after',
      failed.stdout.trim(),
    ]);
    const bad = await pulp.json(['group', 'wait', 'bad', '--timeout', '30s']);
    assert.equal(bad.code, 1);
    assert.partialDeepStrictEqual(bad.data, { failed: 1, skipped: 1 });
    const dry = await pulp.run(['group', 'cancel', 'another', '--dry-run']);
    assert.equal(dry.stderr, 'It is about 1 task.\n');
    const canceled = await pulp.run(['group', 'cancel', 'another', '--reason', 'enough']);
    assert.equal(canceled.stdout, 'now 1 canceled\n');
    assert.equal((await pulp.run(['group', 'cancel', 'another'])).stdout, 'All its tasks were over.\n');
    const list = await pulp.run(['group', 'list', '--limit', '2']);
    assert.match(list.stdout, /^ID +TASKS +WAITING .*\n\S+ .*\nanother +1 /);
    assert.match(list.stderr, /--cursor another\n$/);
    const { data: next } = await pulp.json(['group', 'list', '--cursor', 'another']);
    assert.deepEqual(
      (next as { id: string }[]).map((group) => group.id),
      ['bad'],
    );
  });

  test('are refused with what is wrong and what to do', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const known = '0196a000-0000-7000-8000-00000000000a';
    await pulp.run(['group', 'create', 'g']);
    for (const [args, code, message] of [
      [['group', 'create', 'g'], 2, /there is a group "g" already/],
      [
        ['group', 'create', 'h', '--args', '[1]'],
        2,
        /--args is about the task that runs last, and there is none/,
      ],
      [['group', 'create', 'h', '--finally', 'test.none'], 2, /test\.none/],
      [
        ['group', 'create', 'h', '--finally', 'test.add', '--args', '["x"]', '--tasks', TASKS_FILE],
        2,
        /args/,
      ],
      [['group', 'create', 'x'.repeat(257)], 2, /1 to 256 bytes/],
      [['group', 'show', 'none'], 3, /there is no group "none"/],
      [['group', 'wait', 'none'], 3, /there is no group "none"/],
      [['group', 'cancel', 'none'], 3, /there is no group "none"/],
      [['group', 'dispatched', 'none'], 3, /no group "none" was created/],
      [['group', 'wait', 'g', '--timeout', 'soon'], 2, /--timeout/],
      [['group', 'list', '--limit', '0'], 2, /limit/],
      [['task', 'enqueue', 'test.add', ...add, '--on', 'finish'], 2, /after/],
      [['task', 'enqueue', 'test.add', ...add, '--finally'], 2, /group/],
      [['task', 'enqueue', 'test.add', ...add, '--after', 'x'], 2, /after: must be an array of UUIDs/],
      [['task', 'enqueue', 'test.add', ...add, '--after', known], 2, new RegExp(`there is no task ${known}`)],
      [['task', 'enqueue', 'test.add', ...add, '--after', known, '--on', 'failure'], 2, /success, finish/],
      [
        ['task', 'enqueue', 'test.add', ...add, '--group', 'none', '--finally'],
        3,
        /no group "none" was created/,
      ],
    ] as const) {
      const ended = await pulp.run(args);
      assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
      assert.match(ended.stderr, message);
      assert.equal(ended.stdout, '');
    }
    const lines = [
      { name: 'test.add', args: [1, 2] },
      { name: 'test.add', args: [1, 2], after: [known] },
    ];
    const bulk = await pulp.run(['task', 'enqueue', '--from', '-', '--tasks', TASKS_FILE], {
      input: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    assert.equal(bulk.code, 2);
    assert.match(bulk.stderr, /line 2: after: there is no task/);
    assert.deepEqual((await pulp.json(['task', 'list'])).data, []);
  });

  test('have a last task each, also of a type whose tasks are unique', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const tasks = fileURLToPath(import.meta.resolve('./unique-tasks.ts'));
    const last: unknown[] = [];
    for (const id of ['g', 'h']) {
      const made = await pulp.json(['group', 'create', id, '--finally', 'test.publish', '--tasks', tasks]);
      last.push((made.data as { finally_task: string }).finally_task);
    }
    assert.equal(new Set(last).size, 2);
    const refused = await pulp.run(['group', 'create', 'i', '--finally', 'test.publish', '--unique']);
    assert.equal(refused.code, 2, refused.stderr);
  });
});
