import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueMany, enqueueWithReservation, readHistory } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));
const PATIENCE = { timeout: 20_000 };
const [ONE, TWO] = ['reserved-resource-worker-1@test', 'reserved-resource-worker-2@test'];

suite('reserved workers', () => {
  test('get the tasks of the default queue, those of one resource one after another the same', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'resource-manager@test' });
    await Promise.all([engine.worker({ name: ONE }), engine.worker({ name: TWO })]);
    const resources = Array.from({ length: 40 }, (_, index) => [`/r/${index % 4}/`]);
    const handles = await enqueueMany(
      resources.map((claims) => ({ task: tasks.hold, kwargs: { ms: 1 }, resources: claims })),
    );
    const ends = await Promise.all(handles.map((handle) => handle.wait(PATIENCE)));
    for (const { worker, queue } of ends) assert.equal(queue, worker);
    const workersOf = Map.groupBy(ends, (task) => task.exclusive_resources[0]);
    for (const group of workersOf.values()) assert.equal(new Set(group.map(({ worker }) => worker)).size, 1);
    assert.deepEqual(new Set(ends.map(({ worker }) => worker)), new Set([ONE, TWO]));
    assert.deepEqual(await engine.violations(), []);
  });

  test('get tasks that claim nothing too, where nobody else serves the default queue', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'resource-manager@test' });
    await engine.worker({ name: ONE });
    const handle = await enqueueWithReservation(tasks.doubleInline, [], { kwargs: { number: 2 } });
    const task = await handle.wait(PATIENCE);
    assert.deepEqual([task.state, task.worker], ['completed', ONE]);
    const events = await readHistory(handle.id);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['TaskEnqueued', 'TaskRerouted', 'TaskStarted', 'TaskCompleted'],
    );
    assert.deepEqual(await engine.violations(), []);
  });

  test('let nothing wait for one that is busy while another is idle, first come, first served', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'resource-manager@test' });
    await Promise.all([
      engine.worker({ name: ONE, concurrency: 1 }),
      engine.worker({ name: TWO, concurrency: 1 }),
    ]);
    const long = await enqueueWithReservation(tasks.untilAborted, ['/long/']);
    await until(async () => (await long.read()).state === 'running');
    const short = await enqueueMany(
      Array.from({ length: 8 }, (_, n) => ({
        task: tasks.hold,
        kwargs: { ms: 20 },
        resources: [n % 2 === 0 ? `/${n}/` : '/same/'],
        priority: n === 7 ? 1 : 0,
      })),
    );
    const ends = await Promise.all(short.map((handle) => handle.wait(PATIENCE)));
    const busy = await long.read();
    assert.equal(busy.state, 'running');
    assert.deepEqual(
      ends.map(({ state, worker }) => [state, worker === busy.worker]),
      ends.map(() => ['completed', false]),
    );
    await long.cancel();
    await long.wait(PATIENCE);
    assert.deepEqual(await engine.violations(), []);
  });

  test('leave what they had not started to others when they go, and to the default queue when none is left', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'resource-manager@test' });
    const one = await engine.worker({ name: ONE, concurrency: 1 });
    const busy = await enqueueWithReservation(tasks.untilAborted, ['/busy/']);
    const waiting = await enqueueWithReservation(tasks.doubleInline, ['/w/'], { kwargs: { number: 1 } });
    await using client = await connect(engine.database.url);
    const queueOf = async (id: string) =>
      (await client.query<{ name: string }>('select name from pulp_boss.job where id = $1', [id])).rows[0]
        ?.name;
    await until(async () => (await queueOf(waiting.id)) === ONE && (await busy.read()).state === 'running');

    const two = await engine.worker({ name: TWO });
    one.kill();
    const moved = await waiting.wait(PATIENCE);
    assert.deepEqual([moved.state, moved.worker], ['completed', TWO]);
    await Promise.all([engine.stop(one), engine.stop(two)]);

    const back = await enqueueWithReservation(tasks.doubleInline, ['/w/'], { kwargs: { number: 1 } });
    await until(async () => (await queueOf(back.id)) === 'default');
    await engine.worker({ name: 'ordinary' });
    assert.equal((await back.wait(PATIENCE)).worker, 'ordinary');
    assert.deepEqual(await engine.violations(), []);
  });
});
