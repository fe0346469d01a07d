import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';
import { Gate } from './gate.ts';

const UNKNOWN = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** Enqueues tasks without a worker's leave; gives their ids. */
async function enqueue(databaseUrl: string, ...items: object[]): Promise<string[]> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ id: string }>('select id from pulp.enqueue_batch($1) as id', [
    JSON.stringify(items.map((item) => ({ unchecked: true, ...item }))),
  ]);
  return rows.map((row) => row.id);
}

suite('the commands about tasks', () => {
  test('cancel, wait, show and history follow tasks to their ends', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const [added = '', failed = '', held = '', waiting = ''] = await enqueue(
      database.url,
      { name: 'test.add', args: [1, 2] },
      { name: 'test.fail' },
      { name: 'test.hold', resources: ['/a/'] },
      { name: 'test.add', args: [3, 4], resources: ['/a/'] },
    );
    const arrival = gate.held();
    await pulp.worker('--tasks', TASKS_FILE);
    assert.equal(await arrival, held);

    const first = await pulp.run(['task', 'wait', added, failed]);
    assert.equal(first.code, 1);
    assert.deepEqual(
      first.stdout.trim().split('\n').sort(),
      [`${added} completed`, `${failed} failed`].sort(),
    );
    assert.equal(first.stderr, `task ${failed} failed: out of luck (TASK_FAILED)\n`);

    const late = await pulp.run(['task', 'wait', held, '--timeout', '1ms']);
    assert.deepEqual([late.code, late.stdout], [1, '']);
    assert.match(late.stderr, /^Error: task .* is not final yet\nTry: /);

    const canceling = await pulp.run([
      'task',
      'cancel',
      waiting,
      UNKNOWN,
      held,
      added,
      '--reason',
      'not needed',
    ]);
    assert.equal(canceling.code, 3);
    assert.equal(canceling.stdout, `${waiting} canceled\n${held} canceling\n${added} completed\n`);
    assert.match(canceling.stderr, new RegExp(`^Error: there is no task ${UNKNOWN}\nTry: `));

    const last = await pulp.json(['task', 'wait', held, waiting, UNKNOWN, '--timeout', '20s']);
    assert.equal(last.code, 3);
    const [heldTask, waitingTask, missing] = last.data as Record<string, unknown>[];
    assert.deepEqual([heldTask?.['state'], heldTask?.['cancel_reason']], ['canceled', 'not needed']);
    assert.deepEqual([waitingTask?.['state'], waitingTask?.['started_at']], ['canceled', null]);
    assert.deepEqual(
      [missing?.['id'], (missing?.['error'] as { code: string }).code],
      [UNKNOWN, 'MISSING_RESOURCE'],
    );

    const [wait, show, shown, history, events] = await Promise.all([
      pulp.run(['task', 'wait', added]),
      pulp.run(['task', 'show', failed]),
      pulp.json(['task', 'show', added]),
      pulp.run(['task', 'history', held]),
      pulp.json(['task', 'history', held]),
    ]);
    assert.deepEqual(wait, { code: 0, stdout: `${added} completed\n`, stderr: '' });
    assert.match(
      show.stdout,
      new RegExp(`^id +${failed}\nname +test\\.fail\nstate +failed\nerror +out of luck`),
    );
    const { state, result } = shown.data as { state: string; result: unknown };
    assert.deepEqual([state, result], ['completed', 3]);
    const types = [
      'TaskEnqueued',
      'ReservationGranted',
      'TaskStarted',
      'TaskCancelRequested',
      'ReservationReleased',
      'TaskCanceled',
    ];
    assert.deepEqual(
      (events.data as { type: string }[]).map((event) => event.type),
      types,
    );
    const [header, ...rows] = history.stdout.trimEnd().split('\n');
    assert.match(header ?? '', /^TIME +AFTER +EVENT +ACTOR +FACTS$/);
    types.forEach((type, index) => {
      assert.match(rows[index] ?? '', new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z +([\\d.]+m?s)? +${type}`));
    });
    assert.match(rows[3] ?? '', /reason=not needed$/);
  });

  test('what is not there is exit code 3', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await Promise.all(
      ['show', 'history', 'wait', 'cancel'].map(async (command) => {
        const { code, stdout, stderr } = await pulp.run(['task', command, 'no-id']);
        assert.deepEqual([command, code, stdout], [command, 3, '']);
        assert.match(stderr, /^Error: there is no task no-id\nTry: .+\n$/);
      }),
    );
  });

  test('list narrows by its flags, the newest first', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const empty = await pulp.run(['task', 'list']);
    assert.deepEqual(empty, { code: 0, stdout: '', stderr: 'There are no such tasks.\n' });

    const [first = '', second = '', third = ''] = await enqueue(
      database.url,
      { name: 'test.add', args: [1, 2] },
      { name: 'test.other', resources: ['/a/'] },
      { name: 'test.other', shared_resources: ['/a/', '\u001b[31mred'] },
    );
    const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'lister');
    assert.equal((await pulp.run(['task', 'wait', first])).code, 0);
    const list = async (...flags: string[]) => {
      const { code, data } = await pulp.json(['task', 'list', ...flags]);
      assert.equal(code, 0);
      return (data as Listed[]).map((task) => task.id);
    };
    const [all, waiting, named, claiming, run, since, future, limited, none, table] = await Promise.all([
      list(),
      list('--state', 'waiting'),
      list('--name', 'test.other'),
      list('--resource', '/a/'),
      list('--worker', 'lister'),
      list('--since', '1h'),
      list('--since', '2100-01-01'),
      list('--limit', '2'),
      list('--resource', ''),
      pulp.run(['task', 'list', '--limit', '2']),
    ]);
    assert.deepEqual(all, [third, second, first]);
    assert.deepEqual(waiting, [third, second]);
    assert.deepEqual(named, [third, second]);
    assert.deepEqual(claiming, [third, second]);
    assert.deepEqual(run, [first]);
    assert.deepEqual(since, all);
    assert.deepEqual(future, []);
    assert.deepEqual(limited, [third, second]);
    assert.deepEqual(none, []);
    const [header, row, ...more] = table.stdout.trimEnd().split('\n');
    assert.match(header ?? '', /^ID +STATE +NAME +ENQUEUED +WORKER +RESOURCES$/);
    assert.ok(row?.startsWith(`${third}  waiting  test.other  `));
    assert.ok(
      row?.endsWith(' \\u001b[31mred (shared) /a/ (shared)'),
      'control characters are shown, not obeyed',
    );
    assert.equal(more.length, 1);
    assert.match(table.stderr, /There are more/);
    const wrong = [
      ['--since', 'yesterday'],
      ['--since', '99999999d'],
      ['--limit', '9'.repeat(20)],
    ];
    for (const { code, stderr } of await Promise.all(
      wrong.map((flags) => pulp.run(['task', 'list', ...flags])),
    )) {
      assert.equal(code, 2);
      assert.match(stderr, /^Error: .+/);
    }
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 0 });
  });
});
