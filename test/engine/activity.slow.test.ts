import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { PlanRecorder } from './plan-recorder.ts';
import { Scene } from './scene.ts';
import { WorkerSession } from './worker-session.ts';

interface Bucket {
  readonly enqueued: number;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly canceled: number;
  readonly is_sampled: boolean;
  readonly waited_median: number | null;
  readonly ran_median: number | null;
}

const COUNTS = ['enqueued', 'started', 'completed', 'failed', 'canceled'] as const;

suite('what happened in a period', () => {
  test('counts each event in the part of the period in which it was', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const scene = await Scene.open(client);
    const id = await scene.enqueue(45, {});
    await scene.start(35);
    await scene.finish(25, id);
    const failing = await scene.enqueue(24, {});
    await scene.start(23);
    await scene.finish(15, failing, 'failed');
    await scene.enqueue(14, {}, 7);
    await scene.cancel(5, await scene.enqueue(9, {}));
    await scene.retell();
    const { rows } = await client.query<Bucket>(
      `select * from pulp.activity(now() - interval '1 hour', null, 6)`,
    );
    assert.deepEqual(
      rows.map((bucket) => COUNTS.map((name) => bucket[name]).join(' ')),
      ['0 0 0 0 0', '1 0 0 0 0', '0 1 0 0 0', '1 1 1 0 0', '7 0 0 1 0', '1 0 0 0 1'],
    );
    assert(rows.every(({ is_sampled }) => !is_sampled));
    const [waited, ran] = [rows[3]?.waited_median ?? 0, rows[3]?.ran_median ?? 0];
    assert(Math.abs(waited - 600) < 5 && Math.abs(ran - 600) < 5, `${waited} ${ran}`);
    await assert.rejects(client.query(`select pulp.activity(now(), now() - interval '1 hour')`), {
      code: 'PU004',
    });
  });

  test('looks at no more of the log than it says, and takes that for the whole', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      insert into pulp.event_batch (first, tx, recorded_at, size, version, schema_version, type, common, ids)
      select n * 1024, (10000 + n)::text::xid8, now() - interval '1 hour' * (120000 - n) / 120000, 2, 1, 1, 'TaskEnqueued', '{}',
        array[gen_random_uuid(), gen_random_uuid()]
      from generate_series(1, 120000) n`);
    await client.query(`select setval('pulp.event_position', 200000 * 1024)`);
    // The horizon of the log is that of transactions; so many more have to have been.
    await client.query(`
      create procedure burn(times integer) language plpgsql as $$ begin
        for i in 1..times loop perform pg_current_xact_id(); commit; end loop; end $$`);
    await client.query('call burn(131000)');
    const recorder = await PlanRecorder.attach(client);
    const reads = await recorder.readsOf(`select * from pulp.activity(now() - interval '1 hour', null, 2)`);
    const rows = reads
      .filter(({ table }) => table.startsWith('event_batch'))
      .reduce((sum, read) => sum + read.rows, 0);
    assert(rows > 90_000 && rows < 101_000, `${rows} rows`);
    assert(reads.every(({ how }) => !how.startsWith('Seq Scan by event_batch')));
    const { rows: buckets } = await client.query<Bucket>(
      `select * from pulp.activity(now() - interval '1 hour', null, 2)`,
    );
    assert.deepEqual(
      buckets.map(({ is_sampled }) => is_sampled),
      [true, true],
    );
    for (const { enqueued } of buckets) assert(Math.abs(enqueued - 120_000) < 6000, `${enqueued}`);
  });
});

suite('failures that are alike', () => {
  test('are those whose messages differ in ids, numbers and quoted texts alone', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const fail = async (message: string, code = 'TASK_FAILED') => {
      const id = await worker.enqueue();
      const run = await worker.startOne();
      await worker.finish([{ ...run, outcome: 'failed', error: { code, message } }]);
      return id;
    };
    await fail('task 01992f6e-8f3c-7000-8000-5bd2d31c4f0a of "x" took 1.5 s');
    await fail('task 01992f6e-8f3c-7000-8000-5bd2d31c4f0b of "y" took 20 s');
    const last = await fail("task deadbeef-8f3c-7000-8000-5bd2d31c4f0b of 'z' took 3 s");
    await fail('address 0xdeadbeef01 decade', 'OTHER');
    await fail('address 0xdeadbeef01 decade');
    const { rows } = await worker.client.query<Record<string, unknown>>(
      `select code, signature, failures::integer, latest_ids[1] as latest, names from pulp.failure_groups(now() - interval '1 hour')`,
    );
    assert.deepEqual(rows[0], {
      code: 'TASK_FAILED',
      signature: 'task ‹id› of ‹text› took ‹n› s',
      failures: 3,
      latest: last,
      names: ['t'],
    });
    assert.deepEqual(
      rows.slice(1).map(({ code, signature, failures }) => [code, signature, failures]),
      [
        ['TASK_FAILED', 'address ‹hex› decade', 1],
        ['OTHER', 'address ‹hex› decade', 1],
      ],
    );
    const { rows: before } = await worker.client.query(
      `select * from pulp.failure_groups(now() - interval '2 hours', now() - interval '1 hour')`,
    );
    assert.deepEqual(before, []);
  });

  test('are not for those who may not see payloads', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query('set role pulp_observer');
    await client.query('select * from pulp.failure_groups(now())');
    await client.query('reset role');
    await client.query(`select pulp.set_policy('owner')`);
    await client.query('set role pulp_observer');
    await assert.rejects(client.query('select * from pulp.failure_groups(now())'), { code: '42501' });
    await client.query(`select * from pulp.activity(now() - interval '1 hour')`);
    await client.query('set role pulp_submitter');
    await assert.rejects(client.query(`select * from pulp.activity(now() - interval '1 hour')`), {
      code: '42501',
    });
    await assert.rejects(client.query(`select * from pulp.claims_at(now())`), { code: '42501' });
  });
});

suite('claims of the past', () => {
  test('are those that reservation_at folds', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const scene = await Scene.open(client);
    const first = await scene.enqueue(60, { resources: ['/a/', '/b/'] });
    await scene.grant(59);
    await scene.enqueue(50, { resources: ['/a/'], shared_resources: ['/c/'] });
    await scene.start(45);
    const third = await scene.enqueue(40, { shared_resources: ['/c/'] });
    await scene.grant(35);
    await scene.cancel(30, third);
    await scene.finish(20, first);
    await scene.grant(15);
    await scene.retell();
    for (const minutes of [58, 47, 42, 33, 25, 18, 5]) {
      const { rows } = await client.query<{ missing: number; extra: number; standing: number }>(
        `with at as (select now() - $1 * interval '1 minute' as moment),
          told as (select resource, task_id, mode, state from at, pulp.claims_at(moment)),
          folded as (select resource, task_id, mode, state from at, pulp.reservation_at(moment))
         select (select count(*)::integer from (select * from folded except select * from told) x) as missing,
           (select count(*)::integer from (select * from told except select * from folded) x) as extra,
           (select count(*)::integer from folded) as standing`,
        [minutes],
      );
      const [told] = rows;
      assert.deepEqual([told?.missing, told?.extra], [0, 0], `${minutes} minutes ago`);
      assert((told?.standing ?? 0) > 0);
    }
  });
});
