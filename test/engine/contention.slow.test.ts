import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { anyCommand } from '../model/any-command.ts';
import { ON_WORKER_LOSS, newWorkers } from '../model/cast.ts';
import { EngineModel } from '../model/engine-model.ts';
import { EngineUnderTest } from '../model/engine-under-test.ts';
import { finishAll } from '../model/finish-all.ts';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { PlanRecorder } from './plan-recorder.ts';
import { Scene } from './scene.ts';

/** What `pulp.resource_contention` gives, in whole minutes and percent. */
const CONTENTION = `
  select resource, waits::integer, round(waiting / 60)::integer as waiting, round(longest_wait / 60)::integer as longest_wait,
    holds::integer, round(held / 60)::integer as held, round(busy * 100)::integer as busy,
    exclusive_in_line::integer, shared_in_line::integer, holders::integer, held_by, held_most_by
  from pulp.resource_contention($1, 20, $2)`;

suite('what resources cost', () => {
  test('is told to the minute, whoever waits in whatever way', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const scene = await Scene.open(client);

    // Minutes ago. What is before the last hour counts as far as it reaches into it.
    const first = await scene.enqueue(90, { resources: ['/a/'] });
    await scene.grant(90);
    await scene.start(89);
    const second = await scene.enqueue(80, { resources: ['/a/', '/b/'] });
    const sharer = await scene.enqueue(70, { shared_resources: ['/a/'] });
    const failing = await scene.enqueue(58, { resources: ['/c/'], retries: 1 });
    await scene.grant(58);
    await scene.start(58);
    await scene.finish(50, first);
    await scene.grant(50);
    await scene.finish(48, failing, 'failed');
    const between = await scene.enqueue(47, { resources: ['/c/'] });
    await scene.grant(47);
    await scene.start(45);
    const late = await scene.enqueue(44, { resources: ['/never/'], delay: '1h' });
    await scene.becomeDue(44, failing);
    await scene.finish(42, between);
    await scene.grant(42);
    await scene.start(42);
    const other = await scene.enqueue(40, { shared_resources: ['/a/'] });
    await scene.finish(40, failing);
    const tired = await scene.enqueue(35, { resources: ['/a/'] });
    await scene.cancel(32, tired);
    await scene.cancel(32, late);
    await scene.finish(30, second);
    await scene.grant(28); // the manager took its time, which the resource is not to blame for
    await scene.start(28);
    await scene.finish(20, sharer);
    const next = await scene.enqueue(15, { resources: ['/a/'] });
    await scene.enqueue(10, { shared_resources: ['/a/'] });
    await scene.retell();

    const { rows } = await client.query<Record<string, unknown>>(CONTENTION, ['1 hour', 'waiting']);
    assert.deepEqual(
      rows.map(({ held_by: holding, held_most_by: held, ...figures }) => ({
        ...figures,
        held_by: (holding as Named[]).map(({ id, worker }) => [id, worker]),
        held_most_by: (held as Named[]).map(({ id, worker, seconds }) => [
          id,
          worker,
          Math.round(seconds / 60),
        ]),
      })),
      [
        {
          resource: '/a/',
          waits: 6,
          waiting: 10 + 30 + 10 + 3 + 15 + 10,
          longest_wait: 40,
          holds: 4,
          held: 10 + 20 + 8 + 28,
          busy: Math.round((100 * 58) / 60),
          exclusive_in_line: 1,
          shared_in_line: 1,
          holders: 1,
          held_by: [[other, 'w']],
          held_most_by: [
            [other, 'w', 28],
            [second, 'w', 20],
            [first, 'w', 10],
          ],
        },
        {
          resource: '/c/',
          waits: 1,
          waiting: 2,
          longest_wait: 2,
          holds: 3,
          held: 10 + 5 + 2,
          busy: Math.round((100 * 17) / 60),
          exclusive_in_line: 0,
          shared_in_line: 0,
          holders: 0,
          held_by: [],
          held_most_by: [
            [failing, 'w', 10],
            [between, 'w', 5],
            [failing, 'w', 2],
          ],
        },
        {
          resource: '/b/',
          waits: 0,
          waiting: 0,
          longest_wait: 0,
          holds: 1,
          held: 20,
          busy: Math.round((100 * 20) / 60),
          exclusive_in_line: 0,
          shared_in_line: 0,
          holders: 0,
          held_by: [],
          held_most_by: [[second, 'w', 20]],
        },
      ],
    );
    const order = async (sort: string, period = '1 hour') =>
      (await client.query<{ resource: string }>(CONTENTION, [period, sort])).rows.map((row) => row.resource);
    assert.deepEqual(await order('held'), ['/a/', '/b/', '/c/']);
    assert.deepEqual(await order('queue'), ['/a/', '/c/', '/b/']);
    assert.deepEqual(await order('waiting', '25 minutes'), ['/a/']);
    await assert.rejects(order('colour'), { code: 'PU004' });
    await assert.rejects(order('held', '0'), { code: 'PU004' });

    const { rows: holds } = await client.query<{ task_id: string; waited_for_by: Named[] }>(
      `select task_id, round(seconds / 60)::integer as minutes, ended_at is null as holds, waits::integer,
         round(waiting / 60)::integer as waiting, waited_for_by
       from pulp.resource_holds('/a/')`,
    );
    assert.deepEqual(
      holds.map(({ waited_for_by: waiters, ...hold }) => ({
        ...hold,
        waited_for_by: waiters.map(({ id, seconds }) => [id, Math.round(seconds / 60)]),
      })),
      [
        {
          task_id: other,
          minutes: 28,
          holds: true,
          waits: 1,
          waiting: 15,
          waited_for_by: [[next, 15]],
        },
        { task_id: sharer, minutes: 8, holds: false, waits: 0, waiting: 0, waited_for_by: [] },
        {
          task_id: second,
          minutes: 20,
          holds: false,
          waits: 3,
          waiting: 20 + 10 + 3,
          waited_for_by: [
            [sharer, 20],
            [other, 10],
            [tired, 3],
          ],
        },
        {
          task_id: first,
          minutes: 40,
          holds: false,
          waits: 2,
          waiting: 30 + 20,
          waited_for_by: [
            [second, 30],
            [sharer, 20],
          ],
        },
      ],
    );

    const { rows: now } = await client.query(
      `select resource, held, holders::integer, exclusive_in_line::integer, shared_in_line::integer,
         round(extract(epoch from clock_timestamp() - held_since) / 60)::integer as held_for,
         round(extract(epoch from clock_timestamp() - waiting_since) / 60)::integer as waiting_for
       from pulp.resource_now`,
    );
    assert.deepEqual(now, [
      {
        resource: '/a/',
        held: 'shared',
        holders: 1,
        exclusive_in_line: 1,
        shared_in_line: 1,
        held_for: 28,
        waiting_for: 15,
      },
    ]);
  });

  test('is what the events of any run tell', async () => {
    await using database = await createDatabase();
    await using engine = await EngineUnderTest.open(database.url);
    await fc.assert(
      fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 100, size: 'max' }), async (commands) => {
        await engine.reset();
        const model = new EngineModel(newWorkers(), ON_WORKER_LOSS);
        for (const worker of model.workers) model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
        await fc.asyncModelRun(() => ({ model, real: engine }), commands);
        await finishAll(model, engine);

        const { rows } = await engine.client.query<Cost>(`
          select resource, waits::integer, round(waiting * 1e6)::integer as waiting,
            round(longest_wait * 1e6)::integer as longest_wait, holds::integer, round(held * 1e6)::integer as held
          from pulp.resource_contention('1 day', 1000) order by resource collate "C"`);
        assert.deepEqual(rows, costsToldBy(await claimsIn(engine.client)));
      }),
      { numRuns: 5, interruptAfterTimeLimit: 60_000 },
    );
  });

  test('is told without reading what was before the period', async () => {
    await readsLittle((scene) => scene.goThrough(400, 2000), [`select pulp.resource_contention('1 hour')`]);
  });

  test('is told of one resource without reading what others claim', async () => {
    await readsLittle(
      async (scene) => {
        await scene.enqueue(300, { resources: ['/elsewhere/'] }, 2000);
      },
      [
        `select pulp.resource_holds('/passed/', '1 hour')`,
        `select * from pulp.resource_now where resource = '/passed/'`,
      ],
    );
  });

  /** After a past of thousands of rows and little since, these statements read no table in its length. */
  async function readsLittle(
    past: (scene: Scene) => Promise<void>,
    statements: readonly string[],
  ): Promise<void> {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const scene = await Scene.open(client);
    await past(scene);
    await scene.goThrough(10, 30);
    await scene.retell();
    await client.query('analyze');
    // Where a period begins in the log cannot be told beyond a transaction that is open, be it of a test on another database.
    await until(async () => {
      const { rows } = await client.query<{ settled: boolean }>(
        'select max(tx) < pg_snapshot_xmin(pg_current_snapshot()) as settled from pulp.event',
      );
      return rows[0]?.settled === true;
    });
    const recorder = await PlanRecorder.attach(client);
    const reads = [];
    for (const statement of statements) reads.push(...(await recorder.readsOf(statement)));
    assert(reads.length > 0);
    assert.deepEqual(
      reads.filter(({ rows }) => rows > 1000),
      [],
    );
  }
});

interface Named {
  readonly id: string;
  readonly worker: string | null;
  readonly seconds: number;
}

/** Times in microseconds. */
interface Cost {
  readonly resource: string;
  readonly waits: number;
  readonly waiting: number;
  readonly longest_wait: number;
  readonly holds: number;
  readonly held: number;
}

/** A claim's stay with a resource, as the events tell it. Times in microseconds. */
interface Stay {
  readonly resource: string;
  readonly exclusive: boolean;
  readonly position: number;
  readonly requestedAt: number;
  grantedAt: number | undefined;
  endedAt: number;
}

/** Follows every task through its events alone. */
async function claimsIn(client: Client): Promise<readonly Stay[]> {
  const { rows } = await client.query<{
    stream_id: string;
    type: string;
    data: {
      exclusive_resources: string[];
      shared_resources: string[];
      run_after?: string;
      /** Of an interruption: the place in line. */
      position?: number;
    };
    position: string;
    at: string;
  }>(
    `select stream_id, type, data, position, (extract(epoch from recorded_at) * 1000000)::bigint as at
     from pulp.event where stream_kind = 'task' or stream_id like 'hold/%' order by position`,
  );
  const enqueued = new Map<string, (typeof rows)[number]>();
  const open = new Map<string, readonly Stay[]>();
  const all: Stay[] = [];
  for (const event of rows) {
    const at = Number(event.at);
    if (['TaskEnqueued', 'HoldRequested'].includes(event.type)) enqueued.set(event.stream_id, event);
    const claimed = enqueued.get(event.stream_id);
    const isBack = event.type === 'TaskInterrupted';
    if (
      isBack ||
      ['TaskDue', 'TaskRequeued', 'HoldRequested'].includes(event.type) ||
      (event.type === 'TaskEnqueued' && event.data.run_after === undefined)
    ) {
      const stays = [
        ...(claimed?.data.exclusive_resources ?? []).map((resource) => ({ resource, exclusive: true })),
        ...(claimed?.data.shared_resources ?? []).map((resource) => ({ resource, exclusive: false })),
      ].map((claim) => ({
        ...claim,
        position: Number(isBack ? event.data.position : event.position),
        requestedAt: at,
        grantedAt: undefined,
        endedAt: Infinity,
      }));
      open.set(event.stream_id, stays);
      all.push(...stays);
    } else if (['ReservationGranted', 'HoldGranted'].includes(event.type)) {
      for (const stay of open.get(event.stream_id) ?? []) stay.grantedAt = at;
    } else if (['ReservationReleased', 'TaskCanceled', 'HoldReleased'].includes(event.type)) {
      for (const stay of open.get(event.stream_id) ?? []) stay.endedAt = at;
      open.delete(event.stream_id);
    }
  }
  return all;
}

/** Puts every claim beside every other one on its resource. */
function costsToldBy(stays: readonly Stay[]): readonly Cost[] {
  return [...new Set(stays.map((stay) => stay.resource))].sort().map((resource) => {
    const here = stays.filter((stay) => stay.resource === resource);
    const waits = here
      .map((stay) => {
        const before = here.filter(
          (other) => other.position < stay.position && (other.exclusive || stay.exclusive),
        );
        const until = Math.max(...before.map((other) => other.endedAt));
        return Math.min(until, stay.grantedAt ?? stay.endedAt) - stay.requestedAt;
      })
      .filter((wait) => wait > 0);
    const holds = here.flatMap(({ grantedAt, endedAt }) =>
      grantedAt === undefined ? [] : [endedAt - grantedAt],
    );
    const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);
    return {
      resource,
      waits: waits.length,
      waiting: sum(waits),
      longest_wait: Math.max(0, ...waits),
      holds: holds.length,
      held: sum(holds),
    };
  });
}
