import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inheritedOptions } from '../../../src/workers/horses/start-horse.ts';
import { until } from '../../support/until.ts';
import { TestPool } from './pool.ts';
import * as tasks from './limit-tasks.ts';

test('on a crowded host a run waits for a while for the first horse, and gets one', async () => {
  await using pool = await TestPool.make(undefined, { isCrowded: () => true });
  const began = performance.now();
  const results = await Promise.all([pool.result(tasks.where), pool.result(tasks.where)]);
  assert.ok(performance.now() - began >= 1000);
  const [first, second] = results as { readonly pid: number }[];
  assert.equal(first?.pid, second?.pid, 'both in the one that there is');
});

test('a process with nothing else to do waits for it, too', async () => {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { TestPool } from ${here('./pool.ts')};
    import { where } from ${here('./limit-tasks.ts')};
    await using pool = await TestPool.make(undefined, { isCrowded: () => true });
    console.log('ran', typeof (await pool.result(where)).pid);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  assert.equal(stdout, 'ran number\n');
});

test('a horse does not run the code that its worker was started with', () => {
  const given = [
    '--input-type=module',
    '--max-old-space-size=100',
    '--eval',
    'code',
    '--inspect=1',
    '-p',
    'more',
  ];
  assert.deepEqual(inheritedOptions(given), ['--max-old-space-size=100']);
});

test('as soon as the crowd is gone it waits no longer', async () => {
  let asked = 0;
  await using pool = await TestPool.make(undefined, { isCrowded: () => (asked += 1) < 3 });
  await pool.result(tasks.where);
  assert.equal(asked, 3);
});

test('horses for a single run start one after the other there', async () => {
  let isCrowded = true;
  let started = 0;
  await using pool = await TestPool.make(undefined, {
    isCrowded: () => isCrowded,
    guard: ({ type }) => {
      if (type === 'watch') started += 1;
    },
  });
  const results = [1, 2, 3].map(() => pool.result(tasks.whereAlone));
  await immediate();
  assert.equal(started, 1);
  const pids = (await Promise.all(results)).map((result) => (result as { readonly pid: number }).pid);
  assert.equal(new Set(pids).size, 3);
  const more = [1, 2, 3].map(() => pool.start(tasks.whereAlone));
  await immediate();
  assert.equal(started, 4);
  more[1]?.abort('not wanted');
  assert.equal((await more[1]?.ended)?.outcome, 'canceled');
  assert.equal(started, 4);
  isCrowded = false;
  for (const run of [more[0], more[2]]) assert.equal((await run?.ended)?.outcome, 'completed');
  assert.equal(started, 5);
});

test('one that is canceled meanwhile is over at once, and nobody looks again', async (t) => {
  let asked = 0;
  await using pool = await TestPool.make(undefined, { isCrowded: () => (asked += 1) > 0 });
  const run = pool.start(tasks.where);
  await until(() => asked > 1);
  run.abort('not wanted');
  assert.deepEqual(await run.ended, { outcome: 'canceled', reason: 'not wanted' });
  await pause(200); // a look that is under way
  const timers = t.mock.method(globalThis, 'setTimeout');
  await pause(600);
  assert.equal(timers.mock.callCount(), 0);
});
