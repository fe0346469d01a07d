import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Wear } from '../../src/workers/horses/wear.ts';

/** Begins after a start that takes so long at least, in milliseconds; gives how long it then lives at least. */
async function begin(wear: Wear, ms: number): Promise<number> {
  const madeAt = performance.now();
  await pause(ms);
  wear.begin();
  return 102 * (performance.now() - madeAt);
}

/** Gives it as many runs, and says after how many it was full. */
function fullAfter(wear: Wear, from: number, to: number): number | undefined {
  for (let runs = from; runs <= to; runs += 1) {
    wear.count(runs);
    if (wear.isFull(runs)) return runs;
  }
  return undefined;
}

test('a horse that has lived for much longer than its start took is full after a hundred runs', async () => {
  const wear = new Wear(process.pid, undefined);
  await pause(await begin(wear, 1));
  assert.equal(fullAfter(wear, 1, 1000), 100);
});

test('one that has not goes on, and is looked at after every hundred', async () => {
  const wear = new Wear(process.pid, undefined);
  const lifeMs = await begin(wear, 10);
  assert.equal(fullAfter(wear, 1, 250), undefined);
  await pause(lifeMs);
  assert.equal(fullAfter(wear, 251, 1000), 300);
});

test('one of which half of the runs failed, or that has many files more open, is full after the next hundred', async () => {
  const failing = new Wear(process.pid, undefined);
  const leaking = new Wear(process.pid, undefined);
  await pause(50);
  failing.begin();
  leaking.begin();
  assert.equal(fullAfter(failing, 1, 150), undefined);
  for (let failed = 0; failed < 49; failed += 1) failing.countFailed();
  assert.equal(fullAfter(failing, 151, 250), undefined);
  for (let failed = 0; failed < 50; failed += 1) failing.countFailed();
  assert.equal(fullAfter(failing, 251, 1000), 300);
  const files = Array.from({ length: 60 }, () => openSync('/dev/null', 'r'));
  assert.equal(fullAfter(leaking, 1, 1000), 100);
  files.forEach(closeSync);
});

test('what was set is held to', () => {
  const wear = new Wear(process.pid, 7);
  wear.begin();
  assert.equal(fullAfter(wear, 1, 1000), 7);
});

test('where its memory cannot be seen a hundred runs are enough', () => {
  const wear = new Wear(undefined, undefined);
  wear.begin();
  assert.equal(fullAfter(wear, 1, 1000), 100);
});
