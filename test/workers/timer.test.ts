import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { LONGEST_TIMER_MS, startTimer } from '../../src/timer.ts';

test('a timer calls back when its time is over, and not at once if that is longer than a timer of Node', async () => {
  const calls: string[] = [];
  const over = Promise.withResolvers<void>();
  const endLong = startTimer(LONGEST_TIMER_MS + 1000, () => calls.push('long'));
  const endEnded = startTimer(1, () => calls.push('ended'));
  endEnded();
  startTimer(5, () => {
    calls.push('short');
    over.resolve();
  });
  await over.promise;
  await pause(1); // what is set to 1 ms instead has had its turn
  endLong();
  assert.deepEqual(calls, ['short']);
});
