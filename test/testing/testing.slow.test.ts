import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readHistory } from '../../src/index.ts';
import { testPulp } from '../../src/testing/index.ts';
import { databaseUrl } from '../support/database.ts';
import { until } from '../support/until.ts';
import * as tasks from './tasks.ts';

const open = () => testPulp({ tasks, serverUrl: databaseUrl('postgres') });

suite('what users test with', () => {
  test('runs nothing until it is drained, and then all that can run, with what that enqueues', async () => {
    await using pulp = await open();
    const sum = await pulp.enqueue(tasks.adds, { args: [1, 2] });
    const spread = await pulp.enqueue(tasks.spreads, { kwargs: { to: 3 } });
    const later = await pulp.enqueue(tasks.adds, { args: [0, 0], delay: '1h' });
    const foreign = await pulp.enqueue('foreign', { unchecked: true });
    assert.deepEqual(
      (await pulp.enqueued({ name: 'adds' })).map(({ id }) => id),
      [later.id, sum.id],
    );
    await pulp.drain();
    assert.equal((await sum.read()).result, 3);
    assert.equal((await spread.read()).state, 'completed');
    const sums = await pulp.listTasks({ resource: '/sum/', limit: 10 });
    assert.deepEqual(sums.map(({ result }) => result).sort(), [0, 2, 4]);
    assert.deepEqual(
      (await pulp.enqueued()).map(({ id }) => id),
      [foreign.id, later.id],
    );
    await pulp.clock.advance('1h');
    await pulp.drain();
    assert.equal((await later.read()).state, 'completed');
  });

  test('has a clock that brings what waits for its time', async () => {
    await using pulp = await open();
    const flaky = await pulp.enqueue(tasks.flaky);
    const snoozing = await pulp.enqueue(tasks.snoozes);
    await pulp.drain();
    assert.equal((await flaky.read()).state, 'waiting');
    await pulp.clock.advance('61m');
    await pulp.drain();
    assert.deepEqual([(await flaky.read()).result, (await snoozing.read()).state], ['well', 'waiting']);
    await assert.rejects(pulp.clock.advance('soon'), { code: 'INVALID_INPUT' });
  });

  test('performs one run without a database', async () => {
    await using pulp = await open();
    assert.deepEqual(await pulp.perform(tasks.adds, { args: [2, 3] }), {
      result: 5,
      progress: 'adding',
      reports: [
        {
          ...{ code: 'add', message: 'Adding', state: 'running' as const },
          ...{ total: 1, done: 1, suffix: null },
        },
      ],
      created: [],
    });
    // @ts-expect-error: they are numbers
    await assert.rejects(pulp.perform(tasks.adds, { args: ['a', 1] }), {
      code: 'TASK_FAILED',
      message: /^adds failed: args/,
    });
    await assert.rejects(pulp.perform(tasks.flaky), {
      code: 'TASK_FAILED',
      message: 'flaky failed: not yet',
    });
    assert.equal((await pulp.perform(tasks.flaky, { attempt: 2 })).result, 'well');
    await assert.rejects(pulp.perform(tasks.snoozes), { code: 'TASK_SNOOZED' });
  });

  test('loses its worker, and cancels, when the test says so', async () => {
    await using pulp = await open();
    await pulp.start();
    const lost = await pulp.enqueue(tasks.hangs);
    await until(async () => (await lost.read()).progress === 'hanging');
    await pulp.loseWorker();
    assert.equal((await lost.wait({ timeout: 20_000 })).result, 'again');
    const history = await pulp.run(() => readHistory(lost.id));
    assert(history.some(({ type }) => type === 'TaskRetryScheduled'));
    const canceled = await pulp.enqueue(tasks.hangs);
    await until(async () => (await canceled.read()).progress === 'hanging');
    await canceled.cancel();
    assert.equal((await canceled.wait({ timeout: 20_000 })).state, 'canceled');
  });

  test('tells what is not over in time', async () => {
    await using pulp = await open();
    const { id } = await pulp.enqueue(tasks.hangs);
    await assert.rejects(pulp.drain({ timeoutMs: 1500 }), {
      code: 'DRAIN_TIMEOUT',
      message: new RegExp(`hangs ${id} is (running|waiting)`),
    });
  });

  test('is made in a moment, and refuses what defines nothing', async () => {
    await using first = await open();
    const began = performance.now();
    await using second = await open();
    const took = performance.now() - began;
    assert(took < 1000, `${took} ms`);
    assert.notEqual(first.databaseUrl, second.databaseUrl);
    await assert.rejects(testPulp({ tasks: {} }), { code: 'INVALID_INPUT' });
  });
});
