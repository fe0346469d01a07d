import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { PlanRecorder } from './plan-recorder.ts';
import { WorkerSession } from './worker-session.ts';

/** Values of one metric by the labels that tell its samples apart here. */
async function valuesOf(client: Client, sample: string, ...labels: readonly string[]) {
  const { rows } = await client.query<{ key: string; value: number }>(
    `select array_to_string(array(select labels ->> label from unnest($2::text[]) as label), ' ') as key, sum(value) as value
     from pulp.metrics() where sample = $1 and value <> 0 group by 1 order by 1`,
    [sample, labels],
  );
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

suite('metrics', { concurrency: 2 }, () => {
  test('count every move of a task once, whatever becomes of it', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url, { type: { on_worker_loss: 'retry' } });
    const { client } = worker;
    await worker.enqueue({});
    await worker.enqueue({ delay: '1h' });
    await worker.enqueue({ resources: ['/a/'], retries: 1 });
    const doomed = await worker.enqueue({ resources: ['/a/'] });
    assert.deepEqual(await valuesOf(client, 'pulp_tasks', 'phase'), { blocked: 2, claimable: 1, delayed: 1 });

    await client.query(`select pg_advisory_lock(pulp.lock_class('leader'), 0)`);
    await client.query(
      `insert into pulp.leader values ('resource-manager', 'w', pg_backend_pid(), now(), 1, null, null, '{}')`,
    );
    await worker.grant();
    assert.deepEqual(await valuesOf(client, 'pulp_tasks', 'phase'), { blocked: 1, claimable: 2, delayed: 1 });
    const runs = await worker.start(10);
    await client.query('select pulp.cancel($1)', [runs[0]?.id]);
    await client.query('select pulp.cancel($1)', [doomed]);
    assert.deepEqual(await valuesOf(client, 'pulp_tasks', 'phase'), { canceling: 1, delayed: 1, running: 1 });
    await worker.finish(runs.map((run) => ({ ...run, outcome: 'failed', error: {} })));
    assert.deepEqual(await valuesOf(client, 'pulp_tasks', 'phase'), { delayed: 2 });
    assert.deepEqual(await valuesOf(client, 'pulp_tasks_finished_total', 'outcome'), { canceled: 2 });
    assert.deepEqual(await valuesOf(client, 'pulp_task_retries_total', 'type'), { t: 1 });

    await worker.enqueue({});
    await worker.interrupt(await worker.startOne());
    await worker.startOne();
    await client.query(`select pulp.mark_worker_offline('w')`);
    assert.deepEqual(await valuesOf(client, 'pulp_task_interruptions_total', 'type'), { t: 1 });
    assert.deepEqual(await valuesOf(client, 'pulp_task_runs_lost_total', 'type'), { t: 1 });
    assert.deepEqual(await valuesOf(client, 'pulp_workers_lost_total', 'cause'), { death: 1 });
    assert.deepEqual(await valuesOf(client, 'pulp_tasks_enqueued_total', 'queue', 'type'), {
      'default t': 5,
    });
    assert.deepEqual(await valuesOf(client, 'pulp_task_waiting_seconds_count', 'type'), { t: 4 });
    const buckets = await valuesOf(client, 'pulp_task_running_seconds_bucket', 'le');
    assert.deepEqual([buckets['60'], buckets['86400'], buckets['+Inf']], [4, 4, 4]);
    assert.deepEqual((await client.query('select * from pulp.verify_counts()')).rows, []);

    await client.query(`select pulp.purge_tasks(now() + interval '1 h')`);
    assert.deepEqual((await client.query('select * from pulp.verify_counts()')).rows, []);
    assert.deepEqual(await valuesOf(client, 'pulp_tasks_finished_total', 'outcome'), { canceled: 2 });
  });

  test('a silent worker is shown as such at the moment of reading', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    assert.deepEqual(await valuesOf(worker.client, 'pulp_workers', 'state'), { able: 1 });
    assert.deepEqual(await valuesOf(worker.client, 'pulp_queue_workers', 'queue'), { default: 1 });
    await worker.client.query(`update pulp.worker set last_heartbeat = now() - interval '31 s'`);
    assert.deepEqual(await valuesOf(worker.client, 'pulp_workers', 'state'), { silent: 1 });
    assert.deepEqual(await valuesOf(worker.client, 'pulp_queue_workers', 'queue'), {});
  });

  test('what is put together says the same, by however many at once, and waits for nobody', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      insert into pulp.task_flow (queue, name, before, after, cause, number)
      select 'default', 't' || n % 3, '', 'claimable', 'enqueued', 1 from generate_series(1, 5000) as n`);
    const before = await valuesOf(client, 'pulp_tasks', 'type', 'phase');
    await using holder = await connect(database.url);
    await holder.query('begin');
    await holder.query('select pulp.sum_task_flow(1000)');
    const others = await Promise.all(
      Array.from({ length: 4 }, async () => {
        await using other = await connect(database.url);
        await other.query('select pulp.sum_task_flow(2000)');
        return await valuesOf(other, 'pulp_tasks', 'type', 'phase');
      }),
    );
    for (const seen of others) assert.deepEqual(seen, before);
    await holder.query('commit');
    assert.deepEqual(await valuesOf(client, 'pulp_tasks', 'type', 'phase'), before);
    const { rows } = await client.query<{ left: number }>(
      'select count(*)::integer as left from pulp.task_flow where not is_sum',
    );
    assert.ok((rows[0]?.left ?? 5000) < 100);
  });

  test('cost the same however many tasks there are', { timeout: 300_000 }, async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query('set synchronous_commit = off');
    await client.query(`
      insert into pulp.task (id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, attempt, lost_workers,
        priority, retries, enqueued_at, position, version, interruptions)
      select gen_random_uuid(), 't' || n % 20, 'completed', 'default', '[]', '{}', '{}', '{}', 1, 0, 0, 0, now(), n, 1, 0
      from generate_series(1, 1000000) as n`);
    await client.query(
      `select count(*) from generate_series(1, 100) as n cross join lateral pulp.enqueue_columns(
         jsonb_build_object('name', 't' || n % 20, 'queue', 'q' || n % 10, 'priority', n / 20),
         kwargs => (select jsonb_agg('{}'::jsonb) from generate_series(1, 1000)))`,
    );
    await client.query('select pulp.rebuild_task_counts()');
    await client.query('analyze pulp.task; analyze pulp_boss.job; analyze pulp.task_flow');
    await client.query('select count(*) from pulp.metrics()'); // planned once a session

    const times: number[] = [];
    for (let round = 0; round < 9; round++) {
      const began = performance.now();
      await client.query('select count(*) from pulp.metrics()');
      times.push(performance.now() - began);
    }
    const shortest = Math.min(...times);
    const recorder = await PlanRecorder.attach(client);
    const reads = await recorder.readsOf('select count(*) from pulp.metrics()');
    const tables = new Set(reads.map(({ table }) => table));
    assert.ok(tables.has('task_flow') && !tables.has('task'), [...tables].join());
    assert.ok(Math.max(...reads.map(({ rows }) => rows)) < 3000, JSON.stringify(reads));
    // 2 ms on an idle machine; others may work beside.
    assert.ok(shortest < 25, `${shortest} ms`);
  });
});
