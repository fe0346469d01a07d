import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { END_SIGNALS, exitCodeOf, onEndSignal } from '../../src/processes/end-signals.ts';

suite('signals that ask a program to end', () => {
  test('are told until they are not wanted any more', async () => {
    let heard = Promise.withResolvers<NodeJS.Signals>();
    const unheard = onEndSignal((signal) => {
      heard.resolve(signal);
    });
    for (const signal of END_SIGNALS) {
      heard = Promise.withResolvers();
      process.kill(process.pid, signal);
      assert.equal(await heard.promise, signal);
    }
    unheard();
    assert.deepEqual(
      END_SIGNALS.map((signal) => process.listenerCount(signal)),
      END_SIGNALS.map(() => 0),
    );
  });

  test('are told by the exit code as shells do it', () => {
    assert.deepEqual(END_SIGNALS.map(exitCodeOf), [143, 130, 129]);
  });
});
