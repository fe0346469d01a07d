import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** What a pass gives. */
interface Pass {
  readonly granted: number;
  readonly more: boolean;
  readonly next_due_seconds: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly works: boolean;
  readonly told: { readonly number: number; readonly first: readonly { readonly task: string }[] } | null;
}

/** Longest that a pass may take which finds one task that it fails with, in milliseconds; it waits for no lock that long. */
const PASS_MS = 2000;

/** A database with a worker, one who grants, and a stranger. */
class Scene implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly client: Client;
  readonly stranger: Client;

  private constructor(database: TestDatabase, client: Client, stranger: Client) {
    this.database = database;
    this.client = client;
    this.stranger = stranger;
  }

  static async open({ worker = 'w' } = {}): Promise<Scene> {
    const database = await createDatabase();
    const scene = new Scene(database, await connect(database.url), await connect(database.url));
    await scene.client.query(
      `select pulp.worker_online($1, 'localhost', 1, array[$2], 10,
         '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry", "on_worker_stop": "requeue"}]')`,
      [worker, worker === 'w' ? 'default' : worker],
    );
    await scene.stranger.query(`set application_name = 'stranger'`);
    return scene;
  }

  async enqueue(item: object): Promise<string> {
    const { rows } = await this.client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
      JSON.stringify([{ name: 't', ...item }]),
    ]);
    return rows[0]?.id ?? '';
  }

  async pass(): Promise<Pass> {
    const began = performance.now();
    const { rows } = await this.client.query<Pass>('select * from pulp.grant_reservations()');
    const [pass] = rows;
    assert.ok(pass !== undefined);
    assert.ok(performance.now() - began < PASS_MS, `a pass took ${performance.now() - began} ms`);
    return pass;
  }

  /** Which of these tasks have a job that can be fetched. */
  async delivered(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ id: string }>(
      'select id from pulp_boss.job where id = any ($1) order by id',
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  async heldBack(): Promise<
    readonly { task_id: string; step: string; code: string; message: string; tries: number }[]
  > {
    const { rows } = await this.client.query<{
      task_id: string;
      step: string;
      code: string;
      message: string;
      tries: number;
    }>('select task_id, step, code, message, tries from pulp.held_back order by task_id');
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stranger.end();
    await this.client.end();
    await this.database[Symbol.asyncDispose]();
  }
}

/** What a stranger does in a transaction that it leaves open, to the task "bad", which claims `/bad`. */
const IN_THE_WAY: Readonly<
  Record<
    string,
    { readonly item?: object; readonly step?: string; readonly worker?: string; readonly sql: string }
  >
> = {
  'the row of a task': { sql: `select from pulp.task where id = $1 for update` },
  'a cancel': { sql: `select pulp.cancel($1)` },
  'the claim of a task': { sql: `select from pulp.reservation_waiting where task_id = $1 for update` },
  'a resource that is to be made': {
    sql: `insert into pulp.resource (name) select '/bad' where $1::uuid is not null`,
  },
  'a queue that is to be made': {
    item: { queue: 'fresh' },
    sql: `select pulp.enqueue_batch('[{"name": "t", "queue": "fresh"}]') where $1::uuid is not null`,
  },
  'a job with its id': {
    sql: `insert into pulp_boss.job (id, name) select $1, 'default'`,
  },
  'the entry of a delayed task': {
    item: { delay: 0.001 },
    step: 'due',
    sql: `select from pulp.deferred where task_id = $1 for update`,
  },
  'the row of a delayed task': {
    item: { delay: 0.001, resources: [] },
    step: 'due',
    sql: `select from pulp.task where id = $1 for update`,
  },
};

suite('one task that cannot be granted holds up no other', () => {
  test('where there is nothing to do, a pass asks for no other', async () => {
    await using scene = await Scene.open();
    assert.deepEqual(await scene.pass(), {
      granted: 0,
      more: false,
      next_due_seconds: null,
      error: null,
      works: true,
      told: null,
    });
  });

  for (const [what, { item, step, sql }] of Object.entries(IN_THE_WAY)) {
    test(`while a stranger's open transaction holds ${what}`, async () => {
      await using scene = await Scene.open();
      const bad = await scene.enqueue({ resources: ['/bad'], ...item });
      await scene.stranger.query('begin');
      await scene.stranger.query(sql, [bad]);
      const others: string[] = [];
      for (let n = 0; n < 20; n++) {
        others.push(await scene.enqueue(n % 2 === 0 ? { resources: [`/good/${n}`] } : { delay: 0.001 }));
      }
      others.sort();
      await until(async () => {
        await scene.pass();
        return (await scene.delivered(others)).length === others.length;
      }, 5000);
      assert.deepEqual(await scene.delivered([bad]), []);
      for (const held of await scene.heldBack()) {
        assert.deepEqual([held.task_id, held.step, held.code], [bad, step ?? 'grant', '55P03']);
      }

      // It costs the next passes nothing, and no pass comes at once because of it.
      const next = await scene.pass();
      assert.equal(next.more, false);
      assert.ok((next.next_due_seconds ?? 1) >= 0.05);

      await scene.stranger.query('rollback');
      await until(async () => {
        await scene.pass();
        return (await scene.delivered([bad])).length === 1;
      });
      assert.deepEqual(await scene.heldBack(), []);
      assert.deepEqual((await verify(scene.database.url)).violations, []);
    });
  }

  test('while a stranger has the whole work list locked', async () => {
    await using scene = await Scene.open();
    const bad = await scene.enqueue({ resources: ['/bad'] });
    await scene.stranger.query('begin; select from pulp.wakeup for update');
    const good = await scene.enqueue({ resources: ['/good'] });
    await scene.pass();
    assert.deepEqual(await scene.delivered([bad, good]), [good]);
    await scene.stranger.query('rollback');
    await scene.pass();
    assert.deepEqual((await scene.delivered([bad, good])).length, 2);
  });

  test('names who has it locked, to whoever asks why', async () => {
    await using scene = await Scene.open();
    const bad = await scene.enqueue({ resources: ['/bad'] });
    await scene.stranger.query('begin');
    await scene.stranger.query('select from pulp.task where id = $1 for update', [bad]);
    await scene.client.query(`select pulp.stand_for_election('leader', false)`);
    await scene.pass();
    const { rows } = await scene.client.query<{ why: { reasons: string[]; held_back: { message: string } } }>(
      'select pulp.why($1) as why',
      [bad],
    );
    assert.deepEqual(rows[0]?.why.reasons, ['held_back', 'being_granted']);
    const pid = (await scene.stranger.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    assert.match(
      rows[0].why.held_back.message,
      new RegExp(`^its row is locked by process ${pid} \\(stranger\\), whose transaction is open since 20`),
    );
  });

  test('among hundreds, thirty that break a rule are found by halves', async () => {
    await using scene = await Scene.open();
    await scene.client.query(`
      alter table pulp.task add constraint odd check (unblocked_at is null or kwargs ->> 'bad' is null) not valid`);
    await scene.client.query(`
      select pulp.enqueue_batch((
        select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/r/' || n),
          'kwargs', case n % 13 when 0 then '{"bad": 1}' else '{}' end::jsonb))
        from generate_series(1, 400) as n))`);
    const { rows } = await scene.client.query<{ id: string; bad: boolean }>(
      `select id, kwargs ->> 'bad' is not null as bad from pulp.task`,
    );
    const good = rows.filter(({ bad }) => !bad).map(({ id }) => id);
    const bad = rows.filter((row) => row.bad).map(({ id }) => id);
    assert.equal(bad.length, 30);
    let told = 0;
    await until(async () => {
      const pass = await scene.pass();
      told += pass.told?.number ?? 0;
      assert.equal(pass.error, null);
      return (await scene.delivered(good)).length === good.length;
    }, 10_000);
    const held = await scene.heldBack();
    assert.deepEqual(
      held.map(({ task_id, code }) => [task_id, code]),
      bad.sort().map((id) => [id, '23514']),
    );
    assert.equal(told, bad.length, 'each was told once');

    await scene.client.query('alter table pulp.task drop constraint odd');
    await scene.client.query('update pulp.held_back set not_before = now()');
    await scene.pass();
    assert.equal((await scene.delivered(bad)).length, bad.length);
    assert.deepEqual(await scene.heldBack(), []);
    assert.deepEqual((await verify(scene.database.url)).violations, []);
  });

  test('where all fail, that is told of the granting, and few are tried', async () => {
    await using scene = await Scene.open();
    await scene.client.query(
      'alter table pulp.task add constraint odd check (unblocked_at is null) not valid',
    );
    await scene.client.query(`
      select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/r/' || n)))
        from generate_series(1, 400) as n))`);
    const pass = await scene.pass();
    assert.deepEqual([pass.error?.code, pass.works, pass.more], ['23514', false, false]);
    assert.equal((await scene.heldBack()).length, 3);
    await scene.client.query('alter table pulp.task drop constraint odd');
    assert.deepEqual((await verify(scene.database.url)).violations, []);
    const { granted } = await scene.pass();
    assert.ok(granted >= 397);
  });
});

suite('the leader waits for no stranger', () => {
  test('who holds the lock of granting in an open transaction, and names it', async () => {
    await using scene = await Scene.open();
    await scene.enqueue({ resources: ['/a'] });
    await scene.stranger.query('begin; select pulp.grant_reservations()');
    await assert.rejects(scene.pass(), (error) => {
      assert.match(
        String(error),
        /the lock of granting is held by process \d+ \(stranger\), whose transaction is open since/,
      );
      return true;
    });
    const { rows } = await scene.client.query<{ more: boolean; failures: string[] }>(
      'select r.more, k.failures from pulp.reroute_tasks() r, pulp.keep_up() k',
    );
    assert.equal(rows[0]?.more, false);
    assert.match(rows[0].failures.join(), /held by process \d+ \(stranger\)/);
    await scene.stranger.query('commit');
    await scene.pass();
  });

  test('who has a task locked that is to be delivered anew', async () => {
    await using scene = await Scene.open({ worker: 'reserved-resource-worker@1' });
    const tasks: string[] = [];
    for (let n = 0; n < 5; n++) tasks.push(await scene.enqueue({ resources: [`/${n}`] }));
    await scene.pass();
    await scene.client.query(`select pulp.mark_worker_offline('reserved-resource-worker@1', true)`);
    const [bad = ''] = tasks;
    await scene.stranger.query('begin');
    await scene.stranger.query('select from pulp.task where id = $1 for update', [bad]);
    const queues = async () => {
      await scene.client.query('select pulp.reroute_tasks()');
      const { rows } = await scene.client.query<{ queue: string; tasks: number }>(
        'select queue, count(*)::integer as tasks from pulp.task group by queue order by queue',
      );
      return rows.map(({ queue, tasks }) => `${queue} ${tasks}`);
    };
    assert.deepEqual(await queues(), ['default 4', 'reserved-resource-worker@1 1']);
    assert.deepEqual(
      (await scene.heldBack()).map(({ task_id, step }) => [task_id, step]),
      [[bad, 'reroute']],
    );
    await scene.stranger.query('rollback');
    await until(async () => (await queues()).join() === 'default 5');
    assert.deepEqual(await scene.heldBack(), []);
    assert.deepEqual((await verify(scene.database.url)).violations, []);
  });
});
