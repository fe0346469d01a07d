import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';

interface Task {
  readonly id: string;
  readonly state: string;
  readonly worker: string | null;
}

suite('with --at, the past is shown', () => {
  test('by task list, with its other flags, and by task show', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const scalar = async (statement: string, values: unknown[] = []) =>
      (await client.query<{ value: string }>(`select (${statement})::text as value`, values)).rows[0]
        ?.value ?? '';
    /** A moment after all that has happened, before all that will. */
    const moment = async () => {
      const now = await scalar(
        `to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
      );
      await client.query(`select pg_sleep_until($1::timestamptz + interval '1 ms')`, [now]); // it lasts to its end
      return now;
    };

    const before = await moment();
    const first = await scalar(`pulp.enqueue('t', resources => '{/a/}')`);
    const second = await scalar(`pulp.enqueue('u')`);
    const incarnation = await scalar(
      `pulp.worker_online('w', 'host', 1, '{default}', 2, '[{"name": "u", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]')`,
    );
    await client.query(`select pulp.start('w', $1, '{default}', '{u}', 1)`, [incarnation]);
    const running = await moment();
    await client.query(
      `select pulp.finish('w', $1, (select jsonb_agg(to_jsonb(t) || '{"outcome": "completed"}') from pulp.task t where id = $2))`,
      [incarnation, second],
    );
    const third = await scalar(`pulp.enqueue('t', options => '{"unchecked": true}')`);
    await client.query(`select pulp.cancel($1)`, [first]);
    await client.query(`select pulp.worker_offline('w', $1, true)`, [incarnation]);
    const finished = await moment();

    const list = async (...flags: string[]) => {
      const { code, data } = await pulp.json(['task', 'list', ...flags]);
      assert.equal(code, 0);
      return (data as Task[]).map(({ id, state, worker }) => [id, state, worker]);
    };
    const [
      then,
      waiting,
      named,
      claiming,
      ofWorker,
      runningThen,
      newest,
      later,
      over,
      shown,
      workers,
      workersLater,
      nothing,
      tooEarly,
      unknown,
      unread,
    ] = await Promise.all([
      list('--at', running),
      list('--as-of', running, '--state', 'waiting'),
      list('--at', running, '--name', 'u'),
      list('--at', running, '--resource', '/a/'),
      list('--at', running, '--worker', 'w'),
      list('--at', running, '--state', 'running'),
      list('--at', running, '--limit', '1'),
      list('--at', finished),
      list('--at', finished, '--state', 'completed', '--worker', 'w'),
      pulp.run(['task', 'show', second, '--as-of', running]),
      pulp.json(['worker', 'list', '--at', running]),
      pulp.json(['worker', 'list', '--as-of', finished]),
      pulp.run(['task', 'list', '--at', before]),
      pulp.run(['task', 'show', first, '--at', before]),
      pulp.run(['task', 'show', '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10', '--at', before]),
      pulp.run(['task', 'show', first, '--at', 'yesterday']),
    ]);
    assert.deepEqual(then, [
      [second, 'running', 'w'],
      [first, 'waiting', null],
    ]);
    assert.deepEqual(waiting, [[first, 'waiting', null]]);
    assert.deepEqual(named, [[second, 'running', 'w']]);
    assert.deepEqual(claiming, [[first, 'waiting', null]]);
    assert.deepEqual(ofWorker, [[second, 'running', 'w']]);
    assert.deepEqual(runningThen, [[second, 'running', 'w']]);
    assert.deepEqual(newest, [[second, 'running', 'w']]);
    assert.deepEqual(later, [
      [third, 'waiting', null],
      [second, 'completed', 'w'],
      [first, 'canceled', null],
    ]);
    assert.deepEqual(over, [[second, 'completed', 'w']]);
    assert.match(shown.stdout, /\nstate +running\n/);
    const [worker] = workers.data as { state: string; running: number }[];
    assert.deepEqual([worker?.state, worker?.running], ['online', 1]);
    const [gone] = workersLater.data as { state: string; running: number }[];
    assert.deepEqual([gone?.state, gone?.running], ['offline', 0]);
    assert.deepEqual([nothing.code, nothing.stdout], [0, '']);
    assert.match(nothing.stderr, /^The log begins at [\dT:.-]+Z: what was before is gone\.\n$/);
    assert.deepEqual([tooEarly.code, tooEarly.stdout], [3, '']);
    assert.match(
      tooEarly.stderr,
      /^Error: there was no task .+\nTry: Give a later time: it was enqueued at /,
    );
    assert.equal(unknown.code, 3);
    assert.match(unknown.stderr, /^Error: there is no task /);
    assert.equal(unread.code, 2);
    assert.match(unread.stderr, /--as-of: "yesterday" is not a time/);
  });

  test('at a time that history shows for an event, the event has happened', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    await pulp.worker('--tasks', TASKS_FILE);
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']);
    const id = stdout.trim();
    const history = await pulp.run(['task', 'history', id]);
    const [completed = ''] = /^\S+(?= .*TaskCompleted)/m.exec(history.stdout) ?? [];
    const { data } = await pulp.json(['task', 'show', id, '--at', completed]);
    assert.equal((data as Task).state, 'completed');

    await client.query(`select pulp.purge_tasks('infinity')`);
    const [shown, gone] = await Promise.all([
      pulp.json(['task', 'show', id, '--at', completed]),
      pulp.run(['task', 'show', id, '--at', '0s']),
    ]);
    assert.deepEqual(shown.data, data, 'a task that was purged since is seen in the log');
    assert.equal(gone.code, 3);
  });
});
