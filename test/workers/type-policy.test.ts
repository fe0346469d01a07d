import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import {
  defineTask,
  enqueueMany,
  enqueueWithReservation,
  readHistory,
  type TaskOptions,
} from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './type-policy-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./type-policy-tasks.ts', import.meta.url));

const PATIENCE = { timeout: 20_000 };

const columns = async (client: Client, id: string) => {
  const { rows } = await client.query<object>(
    'select queue, priority, retries, timeout_seconds as timeout from pulp.task where id = $1',
    [id],
  );
  return rows[0];
};

suite('what a type says of its tasks', () => {
  test('holds however they are enqueued, unless the caller says otherwise', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const said = { queue: 'slow', priority: 5, retries: 2, timeout: 600 };
    const early = await enqueueWithReservation(tasks.patient, []);
    assert.deepEqual(await columns(client, early.id), said, 'before any worker has published it');

    await engine.worker();
    const sql = async (items: object) => {
      const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
        JSON.stringify(items),
      ]);
      return rows.map(({ id }) => id);
    };
    const { name } = tasks.patient;
    const [byName] = await enqueueMany([{ task: name }]);
    const [plain = '', other = '', nothing = '', foreign = ''] = await sql([
      { name },
      { name, queue: 'fast', priority: 0 },
      { name, retries: null },
      { name: 'policy.discards' },
    ]);
    assert.deepEqual(await columns(client, byName?.id ?? ''), said);
    assert.deepEqual(await columns(client, plain), said);
    assert.deepEqual(await columns(client, other), { ...said, queue: 'fast', priority: 0 });
    assert.deepEqual(await columns(client, nothing), said);
    assert.deepEqual(await columns(client, foreign), {
      queue: 'default',
      priority: 0,
      retries: 3,
      timeout: null,
    });
    const { rows } = await client.query<{ ids: string[] }>(
      `select pulp.enqueue_columns('{"name": "policy.patient", "priority": 1}', kwargs => '[{}, {}]') as ids`,
    );
    for (const id of rows[0]?.ids ?? [])
      assert.deepEqual(await columns(client, id), { ...said, priority: 1 });
  });

  test('is refused where it is defined, and where it is published, if it is not allowed', async () => {
    for (const [options, message] of [
      [{ queue: 'no queue' }, /queue/],
      [{ priority: 0.5 }, /priority/],
      [{ retries: -1 }, /retries/],
      [{ timeout: 0 }, /timeout/],
      [{ timeout: 'long' }, /timeout/],
      [{ backoff: { factor: 0 } }, /backoff.factor/],
      [{ backoff: { jitter: 2 } }, /backoff.jitter/],
      [{ backoff: { pause: 1 } }, /backoff.pause/],
    ] as const) {
      assert.throws(
        () => defineTask('t', { ...(options as Partial<TaskOptions<never, never, unknown>>), run: () => 1 }),
        { code: 'INVALID_INPUT', message },
      );
    }
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    for (const defaults of [{ retries: -1 }, { kwargs: {} }, [], { backoff: { first: '1s' } }]) {
      const published = [{ name: 't', schema: {}, isolation: 'horse', on_worker_loss: 'cancel', defaults }];
      await assert.rejects(
        client.query(`select pulp.worker_online('w', 'h', 1, '{q}', 1, $1)`, [JSON.stringify(published)]),
        { code: 'PU004', message: /defaults/ },
      );
    }
  });
});

suite('a run that ends', () => {
  test('by a failure pauses as its type says, before each new try', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ queues: ['slow', 'default'] });
    const task = await enqueueWithReservation(tasks.patient, []);
    const { state, attempt } = await task.wait(PATIENCE);
    assert.deepEqual([state, attempt], ['failed', 3]);
    const pauses = (await readHistory(task.id)).flatMap(({ type, data, recorded_at }) =>
      type === 'TaskRetryScheduled'
        ? [Date.parse((data as { run_after: string }).run_after) - recorded_at.getTime()]
        : [],
    );
    assert.deepEqual(
      pauses.map((ms) => Math.round(ms / 200) * 200), // counted from a moment before the event is recorded
      [200, 600],
    );
    assert.deepEqual(await engine.violations(), []);
  });

  test('by Discard, or by what its type does not retry, ends its task for good', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const handles = await enqueueMany([
      { task: tasks.discards },
      { task: tasks.choosy, kwargs: { message: 'hopeless' } },
      { task: tasks.choosy, kwargs: { message: 'busy' } },
    ]);
    const ends = await Promise.all(handles.map((handle) => handle.wait(PATIENCE)));
    assert.deepEqual(
      ends.map((end) => [end.state, end.attempt, (end.error as { code: string }).code]),
      [
        ['failed', 1, 'DISCARDED'],
        ['failed', 1, 'TASK_FAILED'],
        ['failed', 2, 'TASK_FAILED'],
      ],
    );
    const { message, cause } = ends[0]?.error as { message: string; cause: { message: string } };
    assert.deepEqual([message, cause.message], ['there is no such mirror', '404']);
  });

  for (const type of [tasks.naps1, tasks.naps2]) {
    test(`by Snooze comes back later, at no cost of an attempt (${type.isolation})`, async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await engine.worker();
      const task = await enqueueWithReservation(type, ['/mirror/']);
      const { state, result } = await task.wait(PATIENCE);
      assert.deepEqual([state, result], ['completed', { attempt: 1 }]);
      const history = await readHistory(task.id);
      const snoozes = history.filter(({ type }) => type === 'TaskSnoozed');
      assert.equal(snoozes.length, 2);
      assert.equal((snoozes[0]?.data as { reason: string }).reason, 'the mirror is busy');
      assert.deepEqual(await engine.violations(), []);
    });
  }
});
