import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { REPEAT_MS, RequestCount } from '../../src/processes/stop-requests.ts';

suite('requests to end', () => {
  test('the same one again within a second is one; later it is the second', () => {
    const count = new RequestCount();
    const at = [0, 1, 5, REPEAT_MS - 1, REPEAT_MS, REPEAT_MS + 1];
    assert.deepEqual(
      at.map((now) => count.add('SIGINT', now)),
      [1, undefined, undefined, undefined, 2, undefined],
    );
  });

  test('another one is the second, however soon', () => {
    const count = new RequestCount();
    assert.deepEqual(
      [count.add('SIGINT', 0), count.add('SIGTERM', 1), count.add('SIGINT', 2)],
      [1, 2, undefined],
    );
  });
});
