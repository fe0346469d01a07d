import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import type { Explanation } from '../../src/queries/why.ts';
import { anyCommand } from '../model/any-command.ts';
import { ON_WORKER_LOSS, newWorkers } from '../model/cast.ts';
import { EngineModel } from '../model/engine-model.ts';
import { EngineUnderTest } from '../model/engine-under-test.ts';
import { finishAll } from '../model/finish-all.ts';
import { connect, createDatabase } from '../support/database.ts';
import { PlanRecorder } from './plan-recorder.ts';

/** What SQL gives: times as they are written in JSON. */
type Why = {
  [Key in keyof Explanation]: Explanation[Key] extends Date | null ? string | null : Explanation[Key];
};

/** An engine in one session, which is a worker's and may lead. */
class Scene implements AsyncDisposable {
  readonly client: Client;
  readonly #url: string;
  readonly #close: () => Promise<void>;
  readonly #incarnations = new Map<string, string>();

  private constructor(client: Client, url: string, close: () => Promise<void>) {
    this.client = client;
    this.#url = url;
    this.#close = close;
  }

  static async open(): Promise<Scene> {
    const database = await createDatabase();
    const client = await connect(database.url);
    return new Scene(client, database.url, async () => {
      await client.end();
      await database[Symbol.asyncDispose]();
    });
  }

  async enqueue(item: object = {}): Promise<string> {
    const { rows } = await this.client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
      JSON.stringify([{ name: 't', unchecked: true, ...item }]),
    ]);
    return rows[0]?.id ?? '';
  }

  async worker({ name = 'w', queues = ['default'], types = ['t'], concurrency = 1 } = {}): Promise<void> {
    const published = types.map((type) => ({
      name: type,
      schema: {},
      isolation: 'horse',
      on_worker_loss: 'cancel',
    }));
    const { rows } = await this.client.query<{ incarnation: string }>(
      `select pulp.worker_online($1, 'host', 7, $2, $3, $4) as incarnation`,
      [name, queues, concurrency, JSON.stringify(published)],
    );
    this.#incarnations.set(name, rows[0]?.incarnation ?? '');
  }

  async lead(): Promise<void> {
    await this.client.query(`select pulp.stand_for_election('w', false)`);
  }

  async grant(): Promise<void> {
    await this.client.query('select pulp.grant_reservations()');
  }

  /** The worker takes what comes next. */
  async start(name = 'w'): Promise<void> {
    await this.client.query(`select pulp.start($1, $2, '{default}', '{t}', 1)`, [
      name,
      this.#incarnations.get(name),
    ]);
  }

  /** The worker reports of all that it runs. */
  async report(call: 'finish' | 'progress', said: object, name = 'w'): Promise<void> {
    await this.client.query(
      `select pulp.${call}($1, $2, jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence) || $3))
       from pulp.task where worker = $1 and state in ('running', 'canceling')`,
      [name, this.#incarnations.get(name), JSON.stringify(said)],
    );
  }

  /** Another session, closed at the end of its scope. */
  another(): Promise<Client & AsyncDisposable> {
    return connect(this.#url);
  }

  async why(id: string): Promise<Why> {
    const { rows } = await this.client.query<{ why: Why }>('select pulp.why($1)', [id]);
    const [row] = rows;
    assert(row !== undefined);
    return row.why;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

interface Case {
  readonly reasons: readonly string[];
  /** Sets the scene; gives the task to ask for. */
  readonly set: (scene: Scene) => Promise<string>;
  /** Looks at the facts behind the reasons. */
  readonly facts?: (why: Why, scene: Scene) => unknown;
  readonly expected?: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  'a delay': {
    reasons: ['delayed', 'no_worker'],
    set: (scene) => scene.enqueue({ delay: '1h' }),
    facts: ({ due_at, time }) => [
      (Date.parse(due_at ?? '') - Date.now()) / 60_000 > 59,
      time?.spans[0]?.kind,
    ],
    expected: [true, 'delayed'],
  },
  'a pause before a retry': {
    reasons: ['retry_pause'],
    set: async (scene) => {
      const id = await scene.enqueue({ retries: 1 });
      await scene.worker();
      await scene.start();
      await scene.report('finish', { outcome: 'failed', error: { code: 'BROKEN' } });
      return id;
    },
    facts: ({ attempt, error, time }) => [
      attempt,
      error,
      time?.spans.map(({ kind, attempt }) => [kind, attempt]),
    ],
    expected: [
      1,
      { code: 'BROKEN' },
      [
        ['worker', 1],
        ['running', 1],
        ['retry_pause', 2],
      ],
    ],
  },
  'the place in line that it came back to when its run was interrupted': {
    reasons: ['resource_held'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      const id = await scene.enqueue({ resources: ['/a/'], shared_resources: ['/b/'] });
      const rival = await scene.enqueue({ shared_resources: ['/b/'] });
      await scene.enqueue({ resources: ['/a/'] });
      await scene.grant();
      await scene.start();
      await scene.report('finish', { outcome: 'interrupted', by: 'shutdown', reason: 'a deploy' });
      await scene.client.query(`insert into pulp.reservation_granted
        select '/a/', '${rival}', 'shared', 'granted', 0, now(), now()`); // which no engine would do
      return id;
    },
    facts: ({ attempt, claims, interrupted, time }) => [
      attempt,
      claims.map(({ resource, before }) => [resource, before]),
      [interrupted?.times, interrupted?.by, interrupted?.reason, interrupted?.worker],
      time?.spans.map(({ kind, attempt }) => [kind, attempt]),
    ],
    expected: [
      0,
      [
        ['/a/', 0],
        ['/b/', 0],
      ],
      [1, 'shutdown', 'a deploy', 'w'],
      [
        ['resource_manager', 1],
        ['worker', 1],
        ['running', 1],
        ['resources', 1],
      ],
    ],
  },
  'its run after two interruptions': {
    reasons: ['running'],
    set: async (scene) => {
      await scene.worker();
      const id = await scene.enqueue();
      for (const by of ['shutdown', 'host']) {
        await scene.start();
        await scene.report('finish', { outcome: 'interrupted', by });
      }
      await scene.start();
      return id;
    },
    facts: ({ attempt, interrupted, time }) => [
      attempt,
      [interrupted?.times, interrupted?.by, interrupted?.reason],
      time?.spans.map(({ kind, attempt }) => [kind, attempt]),
    ],
    expected: [
      1,
      [2, 'host', null],
      [
        ['worker', 1],
        ['running', 1],
        ['worker', 1],
        ['running', 1],
        ['worker', 1],
        ['running', 1],
      ],
    ],
  },
  'a delay that is over, with somebody who leads': {
    reasons: ['due'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      const id = await scene.enqueue({ delay: '1h' });
      await scene.client.query('update pulp.deferred set due_at = now()');
      return id;
    },
    facts: ({ resource_manager: { leads, worker } }) => [leads, worker],
    expected: [true, 'w'],
  },
  'a delay that is over, with nobody who leads': {
    reasons: ['no_resource_manager'],
    set: async (scene) => {
      await scene.worker();
      const id = await scene.enqueue({ delay: '1h' });
      await scene.client.query('update pulp.deferred set due_at = now()');
      return id;
    },
  },
  'a resource that a run holds': {
    reasons: ['resource_held'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      await scene.enqueue({ resources: ['/a/'] });
      const id = await scene.enqueue({ resources: ['/a/', '/b/'] });
      await scene.grant();
      await scene.start();
      return id;
    },
    facts: ({ claims }) =>
      claims.map(({ resource, met, holders, held_by, before }) => [
        resource,
        met,
        holders,
        held_by.map(({ state, worker, started_at }) => [state, worker, started_at !== null]),
        before,
      ]),
    expected: [
      ['/a/', false, 1, [['running', 'w', true]], 0],
      ['/b/', true, 0, [], 0],
    ],
  },
  'a resource that the task which brought it about holds, through a child that holds nothing': {
    reasons: ['held_by_ancestor', 'resource_held'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      const parent = await scene.enqueue({ shared_resources: ['/a/'] });
      for (let number = 0; number < 3; number += 1) await scene.enqueue({ shared_resources: ['/a/'] });
      const child = await scene.enqueue({ parent_id: parent });
      const id = await scene.enqueue({ resources: ['/a/'], parent_id: child });
      await scene.grant();
      return id;
    },
    facts: ({ claims }) =>
      claims.map(({ holders, held_by }) => [
        holders,
        held_by.filter(({ is_ancestor }) => is_ancestor).length,
        held_by.length >= 3,
      ]),
    expected: [[4, 1, true]],
  },
  'a resource that was granted to a task without a worker': {
    reasons: ['resource_held', 'no_resource_manager', 'no_worker'],
    set: async (scene) => {
      await scene.enqueue({ shared_resources: ['/a/'] });
      await scene.enqueue({ shared_resources: ['/a/'] });
      const id = await scene.enqueue({ resources: ['/a/'] });
      await scene.grant();
      return id;
    },
    facts: ({ claims }) =>
      claims.map(({ holders, held_by }) => [
        holders,
        held_by.map(({ state, started_at }) => [state, started_at]),
      ]),
    expected: [
      [
        2,
        [
          ['waiting', null],
          ['waiting', null],
        ],
      ],
    ],
  },
  'a place in line behind one that waits for another resource': {
    reasons: ['behind_in_line'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      await scene.enqueue({ resources: ['/a/'] });
      await scene.enqueue({ resources: ['/a/', '/b/'] });
      for (let number = 0; number < 4; number += 1) await scene.enqueue({ resources: ['/b/'] });
      const id = await scene.enqueue({ shared_resources: ['/b/'] });
      await scene.grant();
      await scene.start();
      return id;
    },
    facts: ({ claims }) =>
      claims.map(({ before, held_by, first_before }) => [
        before,
        held_by,
        first_before.map(({ waits_for }) => waits_for),
      ]),
    expected: [[5, [], [['/a/'], ['/b/'], ['/b/']]]],
  },
  'claims that are to be granted': {
    reasons: ['being_granted'],
    set: async (scene) => {
      await scene.worker();
      await scene.lead();
      return scene.enqueue({ resources: ['/a/'] });
    },
    facts: ({ time }) => time?.spans.map(({ kind }) => kind),
    expected: ['resource_manager'],
  },
  'no worker of its queue': {
    reasons: ['no_worker'],
    set: async (scene) => {
      await scene.worker();
      return scene.enqueue({ queue: 'mail' });
    },
    facts: ({ queue }) => [queue?.queue, queue?.workers],
    expected: ['mail', []],
  },
  'a type that no worker knows': {
    reasons: ['unknown_type'],
    set: async (scene) => {
      await scene.worker();
      return scene.enqueue({ name: 'stranger' });
    },
    facts: ({ queue }) => queue?.workers.map(({ name, knows_type }) => [name, knows_type]),
    expected: [['w', false]],
  },
  'slots that are full, and jobs before it': {
    reasons: ['no_free_hand', 'behind_in_queue'],
    set: async (scene) => {
      await scene.worker();
      await scene.enqueue();
      await scene.start();
      await scene.enqueue();
      const id = await scene.enqueue({ priority: -1 });
      await scene.enqueue({ priority: 1 });
      await scene.enqueue({ priority: -1 });
      return id;
    },
    facts: ({ queue }) => [
      queue?.jobs_before,
      queue?.workers.map(({ running, concurrency }) => [running, concurrency]),
    ],
    expected: [2, [[1, 1]]],
  },
  'a lock that another session has': {
    reasons: ['put_back'],
    set: async (scene) => {
      await scene.worker();
      const id = await scene.enqueue({ resources: ['/a/'] });
      await scene.grant();
      await using other = await scene.another();
      await other.query(`select pg_advisory_lock(pulp.lock_class('resource'), id) from pulp.resource`);
      await scene.client.query('begin');
      await scene.start();
      await scene.client.query(
        `update pulp_boss.job set start_after = start_after + interval '1 hour'; commit`,
      );
      return id;
    },
  },
  'the way to a reserved worker': {
    reasons: ['to_be_routed'],
    set: async (scene) => {
      await scene.lead();
      const name = 'reserved-resource-worker-1';
      await scene.worker({ name, queues: [name] });
      return scene.enqueue();
    },
  },
  nothing: {
    reasons: ['about_to_start'],
    set: async (scene) => {
      await scene.worker();
      return scene.enqueue();
    },
  },
  'a job that is gone': {
    reasons: ['not_delivered'],
    set: async (scene) => {
      const id = await scene.enqueue();
      await scene.client.query('delete from pulp_boss.job');
      return id;
    },
  },
  'its run': {
    reasons: ['running'],
    set: async (scene) => {
      await scene.worker();
      const id = await scene.enqueue({ timeout: 60 });
      await scene.start();
      await scene.report('progress', { progress: 0.5 });
      return id;
    },
    facts: ({ run, queue }) => [
      run?.worker,
      run?.attempt,
      run?.progress,
      run?.timeout_seconds,
      run?.host,
      run?.pid,
      queue,
    ],
    expected: ['w', 1, 0.5, 60, 'host', 7, null],
  },
  'its run, which is being canceled': {
    reasons: ['canceling'],
    set: async (scene) => {
      await scene.worker();
      const id = await scene.enqueue();
      await scene.start();
      await scene.client.query(`select pulp.cancel($1, 'not wanted')`, [id]);
      return id;
    },
    facts: ({ cancel_reason, run, time }) => [
      cancel_reason,
      run?.worker,
      time?.spans.map(({ kind }) => kind),
    ],
    expected: ['not wanted', 'w', ['worker', 'running', 'canceling']],
  },
  'its end, after waiting for two in line': {
    reasons: ['completed'],
    set: async (scene) => {
      await scene.worker();
      await scene.enqueue({ resources: ['/a/'] });
      await scene.enqueue({ resources: ['/a/'] });
      const id = await scene.enqueue({ resources: ['/a/'] });
      const younger = await scene.enqueue({ resources: ['/a/'] });
      await scene.client.query('select pulp.cancel($1)', [younger]); // was never in the way
      for (let number = 0; number < 3; number += 1) {
        await scene.grant();
        await scene.start();
        await scene.report('finish', { outcome: 'completed' });
      }
      return id;
    },
    facts: async ({ time }, { client }) => {
      const { rows } = await client.query<{ id: string }>(
        'select id from pulp.task order by position limit 2',
      );
      const nameOf = (id: string | undefined) => rows.findIndex((row) => row.id === id);
      return time?.spans.map(({ kind, resource, behind }) => [kind, resource, nameOf(behind)]);
    },
    expected: [
      ['resources', '/a/', 0],
      ['resources', '/a/', 1],
      ['resource_manager', undefined, -1],
      ['worker', undefined, -1],
      ['running', undefined, -1],
    ],
  },
};

suite('a task is explained by', () => {
  for (const [title, { reasons, set, facts, expected }] of Object.entries(CASES)) {
    test(title, async () => {
      await using scene = await Scene.open();
      const id = await set(scene);
      const why = await scene.why(id);
      assert.deepEqual(why.reasons, reasons);
      if (facts !== undefined) assert.deepEqual(await facts(why, scene), expected);
      assertAddsUp(why);
    });
  }

  test('nothing, if there is no such task', async () => {
    await using scene = await Scene.open();
    await assert.rejects(scene.why('00000000-0000-4000-8000-000000000000'), { code: 'PU002' });
  });

  test('the same, to an observer', async () => {
    await using scene = await Scene.open();
    const id = await scene.enqueue();
    await scene.client.query('set role pulp_observer');
    assert.deepEqual((await scene.why(id)).reasons, ['no_worker']);
  });
});

test('however many tasks there are, a few rows are read for an answer', async () => {
  await using scene = await Scene.open();
  const { client } = scene;
  await scene.worker();
  const ran = await scene.enqueue({ resources: ['/a/'] });
  await scene.grant();
  await scene.start();
  await scene.report('finish', { outcome: 'completed' });
  await client.query(
    `select count(*) from generate_series(1, 20) cross join lateral pulp.enqueue_batch((
       select jsonb_agg(jsonb_build_object('name', 't', 'resources', array['/a/', '/' || n % 10 || '/'])) from generate_series(1, 1000) as n))`,
  );
  const { rows } = await client.query<{ id: string }>(
    'select id from pulp.task order by position desc limit 1',
  );
  const recorder = await PlanRecorder.attach(client);
  const assertFew = async () => {
    for (const id of [ran, rows[0]?.id]) {
      const reads = await recorder.readsOf('select pulp.why($1)', [id]);
      assert.notDeepEqual(reads, []);
      assert.deepEqual(
        reads.filter((read) => read.rows > 1000),
        [],
      );
    }
  };
  await assertFew();
  await client.query('analyze; discard plans');
  await assertFew();
});

test('whatever happened to tasks, the spans of their time add up to the whole', async () => {
  await using database = await createDatabase();
  await using engine = await EngineUnderTest.open(database.url);
  await fc.assert(
    fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 80, size: 'max' }), async (commands) => {
      await engine.reset();
      const model = new EngineModel(newWorkers(), ON_WORKER_LOSS);
      for (const worker of model.workers) model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
      await fc.asyncModelRun(() => ({ model, real: engine }), commands);
      await explainAll(engine.client);
      await finishAll(model, engine);
      await explainAll(engine.client);
    }),
    { numRuns: 10, interruptAfterTimeLimit: 60_000 },
  );
});

async function explainAll(client: Client): Promise<void> {
  const { rows } = await client.query<{ why: Why; whole: string | null }>(
    'select pulp.why(id), extract(epoch from finished_at - enqueued_at) as whole from pulp.task',
  );
  for (const { why, whole } of rows) {
    assertAddsUp(why);
    if (whole !== null) assert.equal(micros(why.time?.seconds ?? 0), micros(Number(whole)));
  }
}

/** Each span begins where the one before ended. */
function assertAddsUp({ time, reasons }: Why): void {
  assert(time !== null);
  assert.notDeepEqual(reasons, []);
  const { spans } = time;
  assert.deepEqual(
    spans.slice(1).map(({ since }) => since),
    spans.slice(0, -1).map(({ until }) => until),
  );
  assert.deepEqual([spans[0]?.since, spans.at(-1)?.until], [time.since, time.until]);
  assert.equal(
    spans.reduce((sum, { seconds }) => sum + micros(seconds), 0),
    micros(time.seconds),
  );
  assert.ok(spans.every(({ seconds }) => seconds > 0));
}

function micros(seconds: number): number {
  return Math.round(seconds * 1e6);
}
