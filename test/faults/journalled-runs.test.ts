import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { meetings, type WitnessedRun } from './journalled-runs.ts';

/** A run of a task, from and until a time in milliseconds. */
function run(task: string, from: number, until: number, what: Partial<WitnessedRun> = {}): WitnessedRun {
  return {
    task,
    attempt: 1,
    worker: 'worker',
    pid: 1,
    exclusive: [],
    shared: [],
    startedAt: BigInt(from * 1e6),
    ranUntil: BigInt(until * 1e6),
    ended: true,
    found: [],
    ...what,
  };
}

suite('the checker of journals', () => {
  test('finds nothing in runs that came one after another, or share', () => {
    const runs = [
      run('a', 0, 10, { exclusive: ['/x/'], ended: false }),
      run('b', 10, 20, { exclusive: ['/x/'], found: ['a.1'] }),
      run('c', 20, 40, { shared: ['/x/'] }),
      run('d', 30, 50, { shared: ['/x/'] }),
      run('e', 30, 50, { exclusive: ['/y/'] }),
    ];
    assert.deepEqual(meetings(runs), []);
  });

  test('finds two that had the same resource for themselves at once', () => {
    const runs = [
      run('a', 0, 12, { exclusive: ['/x/'], ended: false }),
      run('b', 10, 20, { exclusive: ['/x/'] }),
    ];
    assert.deepEqual(meetings(runs), [
      '/x/: a.1 (worker, process 1, cut off) went on for 2.0 ms beside b.1 (worker, process 1, ended)',
    ]);
  });

  test('finds one that shared what another had for itself', () => {
    assert.equal(
      meetings([run('a', 0, 12, { shared: ['/x/'] }), run('b', 10, 20, { exclusive: ['/x/'] })]).length,
      1,
    );
    assert.equal(
      meetings([run('a', 0, 12, { exclusive: ['/x/'] }), run('b', 10, 20, { shared: ['/x/'] })]).length,
      1,
    );
  });

  test('finds two that met also when their clocks do not tell', () => {
    const runs = [
      run('a', 0, 10, { exclusive: ['/x/'] }),
      run('b', 10, 20, { exclusive: ['/x/'], found: ['a.1'] }),
    ];
    assert.equal(meetings(runs).length, 1);
  });
});
