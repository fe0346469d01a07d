import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { CommandLine } from './command-line.ts';

const LONG = `q${'x'.repeat(127)}`;

suite('pulp stats and pulp db check', () => {
  test('show the numbers, in 80 columns', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using worker = await WorkerSession.open(database.url);
    await worker.enqueue();
    await worker.enqueue({ resources: ['/a/'] });
    await worker.finish([{ ...(await worker.startOne()), outcome: 'completed', result: 1 }]);
    await worker.enqueue({ name: LONG, queue: LONG, unchecked: true, delay: '1h' });
    await worker.client.query(`
      insert into pulp.task_flow (queue, name, before, after, number)
      select '${LONG}', '${LONG}', '', phase, 123456789
      from unnest('{delayed,blocked,claimable,running,completed,failed}'::text[]) as phase`);

    const [text, one, json] = await Promise.all([
      pulp.run(['stats']),
      pulp.run(['stats', '--queue', 'default']),
      pulp.json(['stats']),
    ]);
    assert.equal(text.code, 0, text.stderr);
    for (const line of text.stdout.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(
      text.stdout,
      /^workers +1 able\nleader +none\nlog +has leaves for \d+d \d+h; readers are 0ms behind\n/,
    );
    assert.match(text.stdout, /\ndefault +t +0 +1 +0 +0 +1 +0 +\d+ms\n/);
    assert.match(text.stdout, /\nqx+… +qx+… +123M +123M +123M +123M +123M +123M +-\n/);
    assert.ok(!one.stdout.includes('qxxx') && one.stdout.includes('default'));
    const { types, queues } = json.data as {
      types: { type: string; finished: object; tasks: object }[];
      queues: { queue: string; workers: number }[];
    };
    assert.deepEqual(types.find(({ type }) => type === 't')?.finished, {
      canceled: 0,
      completed: 1,
      failed: 0,
      skipped: 0,
    });
    assert.equal(queues.find(({ queue }) => queue === 'default')?.workers, 1);
  });

  test('each alert has a code, a sentence and a remedy, and the exit code says whether there is one', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using client = await connect(database.url);
    const check = async (...flags: readonly string[]) => {
      const { code, data } = await pulp.json(['db', 'check', ...flags]);
      const { ok, alerts } = data as {
        ok: boolean;
        alerts: { code: string; message: string; remedy: string }[];
      };
      assert.deepEqual([code, ok], alerts.length === 0 ? [0, true] : [1, false]);
      for (const { message, remedy } of alerts) assert.ok(message !== '' && remedy.endsWith('.'));
      return alerts.map((alert) => alert.code);
    };
    await client.query(`select pulp.enqueue('t', options => '{"unchecked": true}')`);
    assert.deepEqual(await check(), ['NO_LEADER', 'NO_WORKER']);
    const text = await pulp.run(['db', 'check']);
    assert.match(
      text.stdout,
      /^NO_LEADER: nobody leads.*\n {2}Start a worker.*\nNO_WORKER: a task waits in queue default.*\n {2}Start one/,
    );

    await using worker = await WorkerSession.open(database.url);
    await client.query(`select pg_advisory_lock(pulp.lock_class('leader'), 0)`);
    await client.query(
      `insert into pulp.leader values ('resource-manager', 'w', pg_backend_pid(), now(), 1, null, null, '{}')`,
    );
    assert.deepEqual(await check(), []);
    assert.deepEqual(await check('--max-age', '0s'), ['OLD_TASK']);
    const strange = await worker.enqueue({ name: 'strange', unchecked: true });
    assert.deepEqual(await check(), ['UNKNOWN_TYPE']);
    assert.match(
      (await pulp.run(['db', 'check'])).stdout,
      /^UNKNOWN_TYPE: a task of type strange waits in queue default, /,
    );
    await client.query('select pulp.cancel($1)', [strange]);
    assert.deepEqual(await check(), []);

    await worker.client.query('begin isolation level repeatable read');
    await worker.client.query('select 1');
    assert.deepEqual(await check('--max-snapshot', '0s'), ['OLD_SNAPSHOT']);
    await worker.client.query('commit');

    await client.query(`
      update pulp.worker set last_heartbeat = now() - interval '40 s';
      update pulp.leader set failures = '{"grant": {"code": "42501", "message": "no"}}'`);
    assert.deepEqual(await check(), ['LEADER_FAILING', 'SILENT_WORKER', 'NO_WORKER']);
    await client.query(`
      update pulp.worker set last_heartbeat = now(), unable = 'no room';
      do $$
      declare leaf text;
      begin
        for leaf in select inhrelid::regclass::text from pg_inherits
          where inhparent = 'pulp.event_batch'::regclass and inhrelid::regclass::text > 'pulp.event_batch_' || to_char(now(), 'YYYY_MM')
        loop
          execute 'drop table ' || leaf;
        end loop;
      end $$`);
    const alerts = await check();
    assert.deepEqual(
      alerts.filter((code) => code !== 'LOG_ENDS'),
      ['LEADER_FAILING', 'WORKER_UNABLE', 'NO_WORKER'],
    );

    const bad = await pulp.run(['db', 'check', '--max-age', 'soon']);
    assert.equal(bad.code, 2);
  });
});
