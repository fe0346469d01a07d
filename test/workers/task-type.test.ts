import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineTask, type OnWorkerStop } from '../../src/tasks/define-task.ts';
import { publication } from '../../src/tasks/task-registry.ts';

const run = () => undefined;

test('a stop of its worker puts a task back that a loss of it has tried again, and cancels others', () => {
  const stops = (['retry', 'fail', 'cancel'] as const).map((onWorkerLoss) => {
    const { on_worker_loss, on_worker_stop } = publication(defineTask('t', { onWorkerLoss, run }));
    return [on_worker_loss, on_worker_stop];
  });
  assert.deepEqual(stops, [
    ['retry', 'requeue'],
    ['fail', 'cancel'],
    ['cancel', 'cancel'],
  ]);
  assert.equal(publication(defineTask('t', { run })).on_worker_stop, 'cancel');
});

test('what a stop means can be said, in words that there are', () => {
  const { onWorkerStop, onWorkerLoss } = defineTask('t', { onWorkerStop: 'requeue', run });
  assert.deepEqual([onWorkerStop, onWorkerLoss], ['requeue', 'cancel']);
  assert.throws(() => defineTask('t', { onWorkerStop: 'retry' as OnWorkerStop, run }), {
    code: 'INVALID_INPUT',
    message: 'task type t: onWorkerStop: "retry" is not allowed',
    remedy: 'Allowed: requeue, cancel.',
  });
});

test('a type may ask for a process of its own, also one with limits; code inline has no limits', () => {
  const limits = { memory: '512M' };
  assert.equal(publication(defineTask('t', { isolation: 'process', limits, run })).isolation, 'process');
  assert.throws(() => defineTask('t', { isolation: 'inline', limits, run }), { code: 'INVALID_INPUT' });
});
