import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

suite('schedules', () => {
  test('are made, shown, run, paused, resumed and deleted, and tell their history', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const add = ['--task', 'test.add', '--args', '[1, 2]', '--tasks', TASKS_FILE];
    const made = await pulp.run([
      'schedule',
      'create',
      'poll',
      '--every',
      '1s',
      ...add,
      '--queue',
      'default',
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^poll comes first at \d{4}-\S+Z\n$/);
    const nightly = [
      '--cron',
      '30 2 1 * 5',
      '--tz',
      'Europe/Berlin',
      '--resource',
      '/a/',
      '--catch-up',
      'all',
    ];
    const other = await pulp.run(['schedule', 'create', 'nightly', ...nightly, ...add]);
    assert.match(other.stdout, /^nightly comes first at \S+Z {2}\S+ 02:30:00 Europe\/Berlin\n$/);
    assert.match(other.stderr, /comes on each of them/);

    // One worker leads, enqueues and runs.
    await pulp.worker('--tasks', TASKS_FILE);
    await until(async () => {
      const { rows } = await client.query(`select from pulp.task where state = 'completed' limit 2`);
      return rows.length === 2;
    });
    const { data: shown } = await pulp.json(['schedule', 'show', 'poll']);
    assert.partialDeepStrictEqual(shown, {
      kind: 'every',
      rule: '1000',
      state: 'active',
      overlap: 'skip',
      catch_up: 'one',
      item: { name: 'test.add', args: [1, 2], queue: 'default' },
    });
    const paused = await pulp.run(['schedule', 'pause', 'poll', '--reason', 'the mirror is moved']);
    assert.deepEqual([paused.code, paused.stdout], [0, 'poll is paused\n']);
    const list = await pulp.run(['schedule', 'list']);
    assert.match(
      list.stdout,
      /^NAME +STATE +WHEN +TASK +NEXT +ENQUEUED +SKIPPED\nnightly +active +30 2 1 \* 5 \(Europe\/Berlin\) +test\.add .*\npoll +paused +every 1\.0s /,
    );

    const countTasks = async () =>
      (await client.query<{ tasks: number }>('select count(*)::integer as tasks from pulp.task')).rows[0]
        ?.tasks ?? 0;
    const tasks = await countTasks();
    const byHand = await pulp.run(['schedule', 'run', 'poll']);
    assert.equal(byHand.code, 0, byHand.stderr);
    const ended = await pulp.run(['task', 'wait', byHand.stdout.trim(), '--timeout', '20s']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await countTasks(), tasks + 1, 'nothing else was enqueued while it was paused');

    // It is paused for longer than from one of its times to the next.
    await until(async () => {
      const since = await client.query(
        `select from pulp.event where type = 'SchedulePaused' and recorded_at < clock_timestamp() - interval '1.1 s'`,
      );
      return since.rowCount === 1;
    });
    await pulp.run(['schedule', 'resume', 'poll']);
    await until(async () => {
      const found = await client.query(
        `select from pulp.event where type = 'OccurrenceSkipped' and data ->> 'why' = 'paused'`,
      );
      return found.rowCount === 1;
    });
    const deleted = await pulp.run(['schedule', 'delete', 'poll']);
    assert.deepEqual([deleted.code, deleted.stdout], [0, 'poll is deleted\n']);
    const history = await pulp.run(['schedule', 'history', 'poll', '--limit', '1000']);
    const types = history.stdout.split('\n').map((line) => line.split(/ +/)[2]);
    assert.equal(types[1], 'ScheduleDeleted');
    assert.equal(types.at(-2), 'ScheduleCreated');
    for (const type of ['SchedulePaused', 'ScheduleResumed', 'OccurrenceEnqueued', 'OccurrenceSkipped']) {
      assert.ok(types.includes(type), type);
    }
    assert.equal((await pulp.run(['schedule', 'show', 'poll'])).code, 3);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('are previewed as they will come', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const rule = ['--cron', '30 2 * * *', '--tz', 'Europe/Berlin', '--start', '2027-03-27'];
    const before = await pulp.json(['schedule', 'preview', ...rule, '--count', '3']);
    assert.deepEqual(before.data, [
      '2027-03-27T01:30:00.000Z',
      '2027-03-28T01:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
    await pulp.run(['schedule', 'create', 'nightly', ...rule, '--task', 'a', '--unchecked']);
    const after = await pulp.json(['schedule', 'preview', 'nightly', '--count', '3']);
    assert.deepEqual(after.data, before.data);
    const { rows } = await client.query<{ next_at: Date }>('select next_at from pulp.schedule');
    assert.equal(rows[0]?.next_at.toISOString(), '2027-03-27T01:30:00.000Z');
  });

  test('are said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const create = (...flags: string[]) => [
      'schedule',
      'create',
      'nightly',
      '--task',
      'a',
      '--unchecked',
      ...flags,
    ];
    for (const [args, code, message] of [
      [create('--cron', '* * *'), 2, /has 3 fields, and not five/],
      [create('--cron', 'H 2 * * *'), 2, /H and W are not taken/],
      [create('--cron', '0 0 31 2 *'), 2, /cron/],
      [create('--rrule', 'FREQ=DAILY;COUNT=20000'), 2, /COUNT is above 10000/],
      [create('--every', '0.5s'), 2, /between a second and a century/],
      [create('--every', 'often'), 2, /not a length of time/],
      [create('--cron', '0 0 * * *', '--tz', 'Europe/Nowhere'), 2, /there is no time zone/],
      [create('--cron', '0 0 * * *', '--until', '2020-01-01'), 2, /until: is not in the future/],
      [create('--cron', '0 0 1 1 *', '--start', '2030-02-01', '--until', '2030-03-01'), 2, /it never comes/],
      [create('--cron', '0 0 * * *', '--every', '1m'), 2, /one of cron, rrule and every/],
      [create(), 2, /one of cron, rrule and every/],
      [create('--every', '1m', '--overlap', 'maybe'), 2, /overlap/],
      [
        create('--every', '1m', '--priority', '9999999999'),
        2,
        /--priority: Expected an integer less than or equal to 999999999/,
      ],
      [create('--every', '1m', '--args', '{}'), 2, /args: must be an array/],
      [
        create('--every', '1m', '--queue', 'reserved-resource-worker-1'),
        2,
        /no worker "reserved-resource-worker-1" has ever/,
      ],
      [
        ['schedule', 'create', '1', '--every', '1m', '--task', 'a', '--unchecked'],
        2,
        /name: must start with a letter/,
      ],
      [['schedule', 'create', 'x', '--every', '1m'], 2, /task/],
      [['schedule', 'create', 'x', '--every', '1m', '--task', 'test.add', '--tasks', TASKS_FILE], 2, /args/],
      [['schedule', 'preview', '--cron', 'x'], 2, /fields/],
      ...['show', 'preview', 'pause', 'resume', 'run', 'delete', 'history'].map(
        (verb) => [['schedule', verb, 'none'], 3, /there is no schedule "none"/] as const,
      ),
    ] as const) {
      const ended = await pulp.run([...args]);
      assert.match(ended.stderr, message, args.join(' '));
      assert.equal(ended.code, code, ended.stderr);
    }
    await using client = await connect(database.url);
    assert.deepEqual((await client.query('select type from pulp.event')).rows, []);
    assert.deepEqual((await client.query('select name from pulp.task')).rows, []);

    assert.equal((await pulp.run(create('--every', '1h'))).code, 0);
    const again = await pulp.run(create('--every', '1h'));
    assert.deepEqual([again.code, again.stderr.includes('there is a schedule "nightly" already')], [2, true]);
    const resumed = await pulp.run(['schedule', 'resume', 'nightly']);
    assert.deepEqual([resumed.code, resumed.stderr.includes('is not paused')], [1, true]);
  });

  test('of types with secrets are refused', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.publish_task_types('w', '[{"name": "with.secret", "schema": {"args": {}, "kwargs": {}, "secrets": [["kwargs", "token"]]},
         "isolation": "horse", "on_worker_loss": "fail"}]')`,
    );
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const ended = await pulp.run(['schedule', 'create', 's', '--every', '1m', '--task', 'with.secret']);
    assert.match(ended.stderr, /with\.secret has arguments that are secret/);
    assert.equal(ended.code, 2);
    await assert.rejects(
      client.query(
        `select pulp.create_schedule('{"name": "s", "kind": "every", "rule": "60000", "item": {"name": "with.secret"}}', clock_timestamp())`,
      ),
      /secrets cannot be scheduled/,
    );
  });
});

test('what a submitter schedules a worker enqueues for him, and nobody may say for whom who may not', async () => {
  await using submitter = await Login.create(['pulp_submitter']);
  await using stranger = await Login.create(['pulp_submitter']);
  await using worker = await Login.create(['pulp_worker']);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  // Quotas are those of whoever schedules, and not of the leader.
  await client.query(
    `select pulp.set_policy('owner'), pulp.set_quota('*', '{"max_tasks": 1, "max_priority": 0}'),
    pulp.set_quota($1, '{"max_priority": 5}')`,
    [submitter.name],
  );
  await using pulp = await CommandLine.create({ DATABASE_URL: worker.at(database.url) });
  await pulp.worker('--tasks', TASKS_FILE);
  const env = { DATABASE_URL: submitter.at(database.url) };
  const create = [
    'schedule',
    'create',
    'poll',
    '--every',
    '1s',
    '--task',
    'test.add',
    '--args',
    '[1, 2]',
    '--priority',
  ];
  const refused = await pulp.run([...create, '6'], { env });
  assert.deepEqual([refused.code, refused.stderr.includes('quota')], [2, true], refused.stderr);
  const made = await pulp.run([...create, '5'], { env });
  assert.equal(made.code, 0, made.stderr);
  await until(async () => {
    const { rows } = await client.query<{ state: string; owner: string }>(
      'select state, owner from pulp.task',
    );
    assert(rows.every(({ owner }) => owner === submitter.name));
    return rows.some(({ state }) => state === 'completed');
  });

  await using other = await connect(stranger.at(database.url));
  const attempts = [
    `select pulp.pause_schedule('poll')`,
    `select pulp.run_schedule('poll')`,
    `select pulp.delete_schedule('poll')`,
    `select pulp.enqueue('a', options => '{"owner": "somebody", "unchecked": true}')`,
    `select pulp.enqueue_columns('{"name": "a", "owner": "somebody", "unchecked": true}')`,
    `select pulp.enqueue_batch('[{"name": "a", "unchecked": true}, {"name": "a", "owner": "somebody", "unchecked": true}]')`,
    `select pulp.fire_schedules('[]')`,
    `select pulp.due_schedules(1)`,
  ];
  for (const attempt of attempts)
    await assert.rejects(other.query(attempt), /no schedule|who acts for all|permission denied/, attempt);
  assert.equal((await other.query('select from pulp.schedule')).rowCount, 0);
  assert.equal((await other.query(`select from pulp.schedule_history('poll')`)).rowCount, 0);
});

test('schedules are rebuilt, and seen as they were', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  const create = (name: string) =>
    client.query(
      `select pulp.create_schedule(jsonb_build_object('name', $1::text, 'kind', 'every', 'rule', '3600000',
         'item', '{"name": "a", "unchecked": true}'::jsonb), clock_timestamp() + interval '1 h')`,
      [name],
    );
  await create('a');
  await create('b');
  await client.query(`select pulp.pause_schedule('a', 'first'), pulp.run_schedule('b')`);
  const all = 'select * from pulp.schedule order by name';
  const { rows: before } = await client.query(all);
  const { rows: times } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
  await client.query(`select pulp.resume_schedule('a'), pulp.delete_schedule('b')`);
  await create('b');
  const { rows: after } = await client.query(all);
  const then = await client.query('select * from pulp.schedule_at($1) order by name', [times[0]?.at]);
  assert.deepEqual(then.rows, before);

  await client.query(
    `update pulp.schedule set rule = '1000' where name = 'a'; delete from pulp.schedule where name = 'b'`,
  );
  const found = await pulp.run(['db', 'verify']);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /schedule_as_folded/);
  const rebuilt = await pulp.run(['db', 'rebuild']);
  assert.equal(rebuilt.code, 0, rebuilt.stdout);
  assert.deepEqual((await client.query(all)).rows, after);
});
