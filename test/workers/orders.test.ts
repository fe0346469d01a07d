import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE } from '../cli/command-line.ts';
import { Gate } from '../cli/gate.ts';

suite('a worker is told from elsewhere', () => {
  test('to end: it finishes what it runs, takes nothing new, and ends cleanly', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'w');
    const held = gate.held();
    const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('test.hold') as id`);
    await held;
    const drained = await pulp.run(['worker', 'drain', 'w', '--reason', 'new kernel']);
    assert.deepEqual([drained.code, drained.stdout], [0, 'w finishes what it runs, and ends\n']);
    await until(() => worker.log.includes('told to finish what runs, and end'));
    const listed = await pulp.run(['worker', 'list']);
    assert.match(listed.stdout, /^w +draining /m);
    assert.match(listed.stdout, /^w finishes what it runs and ends: new kernel$/m);
    const { rows: late } = await client.query<{ id: string }>(
      `select pulp.enqueue('test.add', '[1, 2]') as id`,
    );
    const why = await pulp.json(['task', 'why', late[0]?.id ?? '']);
    assert.deepEqual((why.data as { reasons: string[] }).reasons[0], 'worker_unable');
    const stats = await client.query<{ value: number }>(
      `select value from pulp.metrics() where sample = 'pulp_queue_workers' and labels ->> 'queue' = 'default'`,
    );
    assert.deepEqual(stats.rows, [{ value: 0 }]);
    await gate.open();
    await worker.ended;
    assert.equal(worker.process.exitCode, 0, worker.log);
    const { rows: states } = await client.query<{ state: string }>(
      'select state from unnest($1::uuid[]) with ordinality i(id, o) join pulp.task using (id) order by o',
      [[rows[0]?.id, late[0]?.id]],
    );
    assert.deepEqual(states, [{ state: 'completed' }, { state: 'waiting' }]);
    const { rows: events } = await client.query(
      `select type, data from pulp.event where stream_kind = 'worker' and type in ('WorkerDraining', 'WorkerOffline') order by version`,
    );
    assert.deepEqual(events, [
      { type: 'WorkerDraining', data: { reason: 'new kernel' } },
      { type: 'WorkerOffline', data: { normal_shutdown: true } },
    ]);
    const verified = await pulp.run(['db', 'verify']);
    assert.equal(verified.code, 0, verified.stdout);
  });

  test('how many tasks to have in hand: more begin at once, and fewer when what runs has ended', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'w', '--concurrency', '1');
    const running = async () => {
      const { rows } = await client.query<{ count: number }>(
        'select count(*)::integer as count from pulp.running',
      );
      return rows[0]?.count;
    };
    await client.query(`select pulp.enqueue('test.hold') from generate_series(1, 4)`);
    await until(async () => (await running()) === 1);
    await pulp.run(['worker', 'set', 'w', '--concurrency', '3']);
    await until(async () => (await running()) === 3);
    await pulp.run(['worker', 'set', 'w', '--concurrency', '1']);
    const { rows } = await client.query(`select concurrency from pulp.worker`);
    assert.deepEqual(rows, [{ concurrency: 1 }]);
    assert.equal(await running(), 3, 'nothing is ended for it');
    await gate.open();
    await until(async () => {
      const { rows } = await client.query<{ done: boolean }>(
        `select bool_and(state = 'completed') as done from pulp.task`,
      );
      return rows[0]?.done === true;
    });
  });

  test('only if it is there, by who may', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await client.query(`select pulp.mark_worker_online('gone'), pulp.mark_worker_offline('gone', true)`);
    for (const [args, code, message] of [
      [['drain', 'nobody'], 3, /there is no worker nobody/],
      [['drain', 'gone'], 1, /worker gone is offline/],
      [['set', 'gone', '--concurrency', '0'], 2, /concurrency/],
      [['set', 'gone'], 2, /concurrency/],
    ] as const) {
      const ended = await pulp.run(['worker', ...args]);
      assert.match(ended.stderr, message, args.join(' '));
      assert.equal(ended.code, code, ended.stderr);
    }
  });
});
