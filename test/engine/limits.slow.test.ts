import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { WorkerSession, type Run } from './worker-session.ts';

const GPU = '/gpu/';

/** More than any of these tests has. */
const MANY = 100;

describe('a resource of so many units', () => {
  test('is granted to as many as it has units for, in their order, and no more', async () => {
    await using scene = await Scene.open();
    await scene.limit(3);
    const ids = await scene.enqueue(5, { shared_resources: [GPU] });
    const [first, ...others] = await scene.next();
    assert.deepEqual([first, ...others].map(idOf), ids.slice(0, 3));
    assert.deepEqual(await scene.next(), []);
    await scene.finish([first]);
    assert.deepEqual((await scene.next()).map(idOf), [ids[3]]);
    assert.deepEqual(await scene.next(), []);
  });

  test('serves who asks for several, or for all, in their turn', async () => {
    await using scene = await Scene.open();
    await scene.limit(4);
    const [three] = await scene.enqueue(1, { units: { [GPU]: 3 } });
    const [two] = await scene.enqueue(1, { units: { '/gpu/?colour=red': 2 } });
    const [one] = await scene.enqueue(1, { shared_resources: [GPU] });
    const [all] = await scene.enqueue(1, { resources: [GPU] });
    const [last] = await scene.enqueue(1, { shared_resources: [GPU] });
    const order: unknown[] = [];
    for (let runs = await scene.next(); runs.length > 0; runs = await scene.next()) {
      order.push(runs.map(idOf));
      await scene.finish(runs);
    }
    assert.deepEqual(order, [[three], [two, one], [all], [last]]);
  });

  test('keeps units for who stands before others and waits for something else, too', async () => {
    await using scene = await Scene.open();
    await scene.limit(2);
    await scene.enqueue(1, { resources: ['/other/'] });
    const [holder] = await scene.next();
    const [waiting] = await scene.enqueue(1, { resources: ['/other/'], shared_resources: [GPU] });
    const [second, third] = await scene.enqueue(2, { shared_resources: [GPU] });
    const [run] = await scene.next();
    assert.equal(run?.id, second, 'there is a unit for it, too');
    assert.deepEqual(await scene.next(), []);
    await scene.finish([holder]);
    assert.deepEqual((await scene.next()).map(idOf), [waiting]);
    await scene.finish([run]);
    assert.deepEqual((await scene.next()).map(idOf), [third]);
  });

  test('hands on in one turn what is let go of, without the manager and without a job', async () => {
    await using scene = await Scene.open();
    await scene.limit(3);
    const ids = await scene.enqueue(8, { shared_resources: [GPU] });
    const runs = await scene.next();
    const handedOn = await scene.turn(runs.slice(0, 2));
    assert.deepEqual(handedOn.map(idOf), ids.slice(3, 5));
    assert.equal((await scene.worker.client.query('select from pulp_boss.job')).rowCount, 0);
    await scene.limit(1);
    assert.deepEqual(await scene.turn(handedOn), [], 'there is one too many already');
    assert.deepEqual((await scene.turn(runs.slice(2))).map(idOf), ids.slice(5, 6));
  });

  test('has other numbers from one moment to the next, and what is held stays held', async () => {
    await using scene = await Scene.open();
    await scene.limit(4);
    const ids = await scene.enqueue(10, { shared_resources: [GPU] });
    const runs = await scene.next();
    assert.equal(runs.length, 4);
    await scene.limit(2);
    await scene.finish(runs.slice(0, 2));
    assert.deepEqual(await scene.next(), []);
    await scene.limit(5);
    assert.deepEqual((await scene.next()).map(idOf), ids.slice(4, 7));
    await scene.limit(null);
    assert.deepEqual((await scene.next()).map(idOf), ids.slice(7));
    const { rows } = await scene.worker.client.query(
      `select (data ->> 'capacity')::integer as capacity from pulp.event where type = 'CapacityChanged' order by position`,
    );
    assert.deepEqual(
      rows.map(({ capacity }: { capacity: number | null }) => capacity),
      [4, 2, 5, null],
    );
    assert.deepEqual((await scene.worker.client.query('select * from pulp.resource_limit')).rows, []);
  });

  test('is never given more of than there is, whoever comes, goes and changes at the same time', async () => {
    const claim = fc.oneof(
      fc.constant({ shared_resources: [GPU] }),
      fc.constant({ shared_resources: [GPU, '/other/'] }),
      fc.constant({ resources: ['/other/'], shared_resources: [GPU] }),
      fc.constant({ resources: [GPU] }),
      fc.integer({ min: 1, max: 3 }).map((units) => ({ units: { [GPU]: units } })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(claim, { minLength: 10, maxLength: 40 }),
        fc.array(fc.integer({ min: 3, max: 6 }), { minLength: 1, maxLength: 4 }),
        async (claims, capacities) => {
          await using scene = await Scene.open();
          await using second = await WorkerSession.open(scene.url, { name: 'w2' });
          await using manager = await connect(scene.url);
          await scene.limit(capacities[0] ?? 3);
          for (const each of claims) await scene.enqueue(1, each);
          let isOver = false;
          const work = async (worker: WorkerSession) => {
            let runs: readonly Run[] = [];
            while (!isOver || runs.length > 0) runs = await turnOf(worker, runs, MANY);
          };
          const grant = async () => {
            for (const capacity of capacities.slice(1)) {
              await manager.query('select pulp.grant_reservations()');
              await manager.query('select pulp.set_capacity($1, $2)', [GPU, capacity]);
            }
            for (;;) {
              await manager.query('select pulp.grant_reservations()');
              const left = await manager.query(
                `select from pulp.task where state not in ('completed', 'failed') limit 1`,
              );
              if (left.rowCount === 0) return;
            }
          };
          await Promise.all([
            grant().finally(() => {
              isOver = true;
            }),
            work(scene.worker),
            work(second),
          ]);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('is handed on by turns and granted by the manager at the same time, each task once', async () => {
    await using scene = await Scene.open();
    await using second = await WorkerSession.open(scene.url, { name: 'w2' });
    await using manager = await connect(scene.url);
    await scene.limit(20);
    const { client } = scene.worker;
    await client.query(
      `select from pulp.enqueue_batch((select jsonb_agg('{"name": "t", "shared_resources": ["/gpu/"]}'::jsonb) from generate_series(1, 2000)))`,
    );
    const left = async () =>
      (await manager.query(`select from pulp.task where state <> 'completed' limit 1`)).rowCount ?? 0;
    let isOver = false;
    const work = async (worker: WorkerSession) => {
      let runs: readonly Run[] = [];
      while (!isOver || runs.length > 0) runs = await turnOf(worker, runs, 12);
    };
    const grant = async () => {
      while ((await left()) > 0) await manager.query('select pulp.grant_reservations()');
      isOver = true;
    };
    await Promise.all([grant(), work(scene.worker), work(second)]);
  });

  test('may be of a queue or a type: then all of its tasks count that come from then on', async () => {
    await using scene = await Scene.open();
    const [before] = await scene.enqueue(1);
    await scene.limit(2, '/types/t/');
    await scene.limit(1, '/queues/default/');
    const id = '0196a000-0000-7000-8000-000000000001';
    const [first, second] = await scene.enqueue(2, { shared_resources: ['/a/'] });
    await scene.enqueue(1, { id });
    assert.deepEqual((await scene.next()).map(idOf), [before, first]);
    await scene.limit(null, '/queues/default/');
    assert.deepEqual((await scene.next()).map(idOf), [second]);
    assert.deepEqual(await scene.next(), []);
    await scene.limit(null, '/types/t/');
    await scene.enqueue(1, { id }); // the same content all the same
    assert.deepEqual((await scene.next()).map(idOf), [id]);
  });

  test('is asked for rightly, or nothing is written', async () => {
    await using scene = await Scene.open();
    await scene.limit(4);
    for (const [item, message] of [
      [{ units: 3 }, /units: must be an object/],
      [{ units: { [GPU]: 0 } }, /units\.\/gpu\/: must be an integer between 1 and 1000000/],
      [{ units: { [GPU]: '2' } }, /must be an integer/],
      [{ units: { [GPU]: 1.5 } }, /must be an integer/],
      [{ units: { [GPU]: 5 } }, /units\.\/gpu\/: there are 4, not 5/],
      [{ units: { '': 1 } }, /URL path/],
      [{ units: { [GPU]: 1, '/gpu/?a': 1 } }, /is the same resource as another one/],
      [{ units: { [GPU]: 1 }, resources: ['/gpu/#a'] }, /is claimed exclusively/],
      [
        { units: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`/${i}/`, 1])) },
        /at most 256 resources/,
      ],
    ] as const) {
      await assert.rejects(scene.enqueue(1, item), { code: 'PU004', message }, JSON.stringify(item));
    }
    const { client } = scene.worker;
    for (const [call, message] of [
      [`set_capacity('/gpu/', 0)`, /capacity: must be an integer between 1 and/],
      [`set_capacity('/gpu/', 1000001)`, /capacity: must be/],
      [`set_capacity(null, 1)`, /resource: which one/],
      [`set_capacity('', 1)`, /URL path/],
      [`set_capacity('/gpu/', 1, repeat('x', 16385))`, /reason: is 16385 bytes long/],
      [`set_rate('/gpu/', 0)`, /rate: must be an integer/],
      [`set_rate('/gpu/', 1, 0)`, /rate: the period must be between/],
      [`set_rate('/gpu/', 1, 'nan')`, /rate: the period must be between/],
      [`set_rate('/gpu/', 1, null)`, /rate: the period must be between/],
    ] as const) {
      await assert.rejects(client.query(`select pulp.${call}`), { code: 'PU004', message }, call);
    }
    const { rows } = await client.query(
      `select type from pulp.event where stream_kind = 'system' and type <> 'TaskTypePublished'`,
    );
    assert.deepEqual(rows, [{ type: 'CapacityChanged' }]);
  });

  test('is said to be wanting to whoever asks why', async () => {
    await using scene = await Scene.open();
    await scene.limit(4);
    const [first] = await scene.enqueue(1, { units: { [GPU]: 3 } });
    await scene.next();
    const [second] = await scene.enqueue(1, { units: { [GPU]: 2 } });
    await scene.next();
    assert.deepEqual(await scene.why(second), {
      reasons: ['units_taken'],
      limit: { lacks: 'units', units: 2, units_free: 1, capacity: 4, before: 0 },
      held_by: [first],
    });
    await scene.limit(1);
    assert.deepEqual((await scene.why(second)).reasons, ['beyond_capacity']);
    const [third] = await scene.enqueue(1, { shared_resources: [GPU] });
    assert.deepEqual((await scene.why(third)).limit, {
      lacks: 'units',
      units: 1,
      units_free: 0,
      capacity: 1,
      before: 1,
    });
  });
});

describe('a resource with a rate', () => {
  test('is granted so often within any such time, by the clock of the database', async () => {
    await using scene = await Scene.open();
    const { client } = scene.worker;
    await client.query(`select pulp.set_rate($1, 3, 2)`, [GPU]);
    const ids = await scene.enqueue(8, { shared_resources: [GPU] });
    const [alone] = await scene.enqueue(1, { resources: [GPU] });
    const runs: Run[] = [];
    while (runs.length < 9) {
      const { rows } = await client.query<{ due: number | null }>(
        'select next_due_seconds as due from pulp.grant_reservations()',
      );
      const started = await scene.worker.start(MANY);
      await scene.finish(started);
      runs.push(...started);
      if (runs.length === 3 && started.length > 0) {
        assert.ok((rows[0]?.due ?? 9) <= 2, 'the manager knows when to look again');
        const { reasons, limit } = await scene.why(ids[3]);
        assert.deepEqual([reasons, limit], [['rate_reached'], { lacks: 'rate', units: 1, before: 0 }]);
      }
    }
    assert.deepEqual(runs.map(idOf), [...ids, alone]);
    const { rows } = await client.query<{ most: number }>(`
      select max(grants)::integer as most from (
        select count(*) over (order by recorded_at range between '1999 ms' preceding and current row) as grants
        from pulp.event where type = 'ReservationGranted') g`);
    assert.equal(rows[0]?.most, 3);
    await client.query(`select pulp.set_rate($1, null)`, [GPU]);
    assert.deepEqual(
      (await client.query('select from pulp.rate_use union all select from pulp.resource_limit')).rows,
      [],
    );
  });

  test('may have a capacity beside it', async () => {
    await using scene = await Scene.open();
    await scene.limit(2);
    await scene.worker.client.query(`select pulp.set_rate($1, 3, 600)`, [GPU]);
    await scene.enqueue(9, { shared_resources: [GPU] });
    const runs = await scene.next();
    assert.equal(runs.length, 2);
    assert.deepEqual(await scene.turn(runs), [], 'what has a rate is not handed on');
    assert.equal((await scene.next()).length, 1);
    assert.deepEqual(await scene.next(), []);
    await scene.worker.client.query(`select pulp.set_rate($1, 3, 0.1)`, [GPU]);
    await scene.worker.client.query('select pg_sleep(0.11)');
    assert.equal((await scene.next()).length, 1);
  });
});

describe('limits', () => {
  test('are told from the log: as they were, checked and rebuilt', async () => {
    await using scene = await Scene.open();
    const { client } = scene.worker;
    await scene.limit(2);
    await client.query(`select pulp.set_rate($1, 10, 60, 'the owner asked for it')`, [GPU]);
    const { rows: then } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
    await scene.limit(null);
    await client.query(`select pulp.set_rate($1, null)`, [GPU]);
    await scene.limit(5, '/other/');
    const { rows: past } = await client.query(
      'select resource, capacity, rate, per_seconds, reason, version from pulp.limit_at($1)',
      [then[0]?.at],
    );
    const reason = 'the owner asked for it';
    assert.deepEqual(past, [{ resource: GPU, capacity: 2, rate: 10, per_seconds: 60, reason, version: 2 }]);
    await client.query(`
      update pulp.resource_limit set capacity = 6;
      insert into pulp.resource_limit (resource, capacity, since, version) values ('/x/', 1, now(), 1)`);
    const { rows: wrong } = await client.query('select stream_id, rule from pulp.verify() order by 1');
    assert.deepEqual(wrong, [
      { stream_id: 'limit//other/', rule: 'limit_as_folded' },
      { stream_id: 'limit//x/', rule: 'limit_as_folded' },
    ]);
    const { rows: rebuilt } = await client.query('select pulp.rebuild_limits() as wrong');
    assert.deepEqual(rebuilt, [{ wrong: 2 }]);
  });

  test('that a log does not keep are found in it', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    for (let i = 0; i < 3; i++) await worker.enqueue({ shared_resources: [GPU] });
    await worker.grant(); // without limit
    await worker.client.query(`
      select pulp.set_capacity('/gpu/', 2);
      alter table pulp.event_single disable trigger user;
      update pulp.event_single set position = 1 where type = 'CapacityChanged'`);
    const { rows } = await worker.client.query(`select rule, expected, actual from pulp.verify_units()`);
    assert.deepEqual(rows, [{ rule: 'units_apart', expected: { units: 2 }, actual: { units: 3 } }]);
  });
});

function idOf(run: Run | undefined): string | undefined {
  return run?.id;
}

/** A turn in which these end; gives what is in hand after it: what was started, and what could not be recorded yet. */
async function turnOf(worker: WorkerSession, runs: readonly Run[], atMost: number): Promise<readonly Run[]> {
  const items = runs.map((run) => ({ ...run, outcome: 'completed' }));
  const rows = await worker.finishAndStart(items, atMost);
  const held = new Set(rows.filter(({ verdict }) => verdict === 'held').map(idOf));
  return [...runs.filter(({ id }) => held.has(id)), ...rows.filter(({ verdict }) => verdict === null)];
}

/** A worker, which is the manager, too; at the end the log is checked. */
class Scene implements AsyncDisposable {
  readonly url: string;
  readonly worker: WorkerSession;
  readonly #disposal: AsyncDisposableStack;

  private constructor(url: string, worker: WorkerSession, disposal: AsyncDisposableStack) {
    this.url = url;
    this.worker = worker;
    this.#disposal = disposal;
  }

  static async open(): Promise<Scene> {
    await using opened = new AsyncDisposableStack();
    const { url } = opened.use(await createDatabase());
    const worker = opened.use(await WorkerSession.open(url));
    return new Scene(url, worker, opened.move());
  }

  async enqueue(count: number, item: object = {}): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await this.worker.enqueue(item));
    return ids;
  }

  async limit(capacity: number | null, resource = GPU): Promise<void> {
    await this.worker.client.query('select pulp.set_capacity($1, $2)', [resource, capacity]);
  }

  /** What is granted and started now. */
  async next(): Promise<readonly Run[]> {
    await this.worker.grant();
    return this.worker.start(MANY);
  }

  async finish(runs: readonly (Run | undefined)[]): Promise<void> {
    await this.worker.finish(runs.map((run) => ({ ...run, outcome: 'completed' })));
  }

  /** What is started in the turn in which these end. */
  async turn(runs: readonly Run[]): Promise<readonly Run[]> {
    return this.worker.finishAndStart(
      runs.map((run) => ({ ...run, outcome: 'completed' })),
      MANY,
    );
  }

  /** What is said of a task that waits for one resource. */
  async why(id: string | undefined): Promise<{ reasons: string[]; limit: object; held_by: string[] }> {
    const { rows } = await this.worker.client.query<{ why: Explained }>('select pulp.why($1) as why', [id]);
    const { reasons = [], claims = [] } = rows[0]?.why ?? {};
    const { limit = {}, held_by = [] } = claims[0] ?? {};
    const { next_at: _, ...said } = limit;
    return {
      reasons: reasons.filter((reason) => reason !== 'no_resource_manager' && reason !== 'no_free_hand'),
      limit: Object.fromEntries(
        Object.entries(said).filter(([key, value]) => value !== null && !/rate|per_seconds/.test(key)),
      ),
      held_by: held_by.map((holder) => holder.id),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      assert.deepEqual(await checkLog(this.worker.client), []);
    } finally {
      await this.#disposal.disposeAsync();
    }
  }
}

interface Explained {
  readonly reasons?: string[];
  readonly claims?: {
    readonly limit: Record<string, unknown>;
    readonly held_by: { readonly id: string }[];
  }[];
}
