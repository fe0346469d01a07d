import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartPace } from '../../src/workers/horses/start-pace.ts';

test('on a host that is not crowded all start that are wanted', () => {
  const pace = new StartPace(() => false);
  assert.equal(pace.admit(4, 0, 0), 4);
  assert.equal(pace.isHolding, false);
});

test('on a crowded one each waits for a while, the first for less', () => {
  const pace = new StartPace(() => true);
  const admitted = (present: number, now: number) => [pace.admit(4, present, now), pace.isHolding];
  assert.deepEqual(admitted(0, 0), [0, true]);
  assert.deepEqual(admitted(0, 999), [0, true]);
  assert.deepEqual(admitted(0, 1000), [1, false]);
  assert.deepEqual(admitted(1, 1001), [0, true]);
  assert.deepEqual(admitted(1, 3500), [0, true]);
  assert.deepEqual(admitted(1, 4001), [1, false]);
});

test('what was put off starts as soon as the crowd is gone, and is forgotten when it is not wanted any more', () => {
  let isCrowded = true;
  const pace = new StartPace(() => isCrowded);
  assert.equal(pace.admit(3, 0, 0), 0);
  isCrowded = false;
  assert.equal(pace.admit(3, 0, 10), 3);
  isCrowded = true;
  assert.equal(pace.admit(3, 0, 20), 0);
  assert.equal(pace.admit(0, 0, 30), 0);
  assert.equal(pace.isHolding, false);
  assert.equal(pace.admit(3, 0, 1025), 0, 'it waits anew');
});
