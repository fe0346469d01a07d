import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NoticePace } from '../../src/notice-pace.ts';

suite('the pace of looks that notifications lead to', () => {
  test('is one a moment, however many come, and none is lost', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const pass = (ms: number) => {
      now += ms;
      t.mock.timers.tick(ms);
    };
    let looks = 0;
    const pace = new NoticePace(() => {
      looks += 1;
    });

    for (let n = 0; n < 1000; n++) pace.hear();
    assert.equal(looks, 1, 'the first at once');
    pass(5);
    assert.equal(looks, 2, 'all others once');
    pass(1000);
    assert.equal(looks, 2);
    for (let ms = 0; ms < 1000; ms++) {
      for (let n = 0; n < 100; n++) pace.hear();
      pass(1);
    }
    assert.ok(looks <= 204 && looks >= 150, String(looks));
  });

  test('is that of the notifications as long as each look finds something', () => {
    let looks = 0;
    const pace = new NoticePace(() => {
      looks += 1;
      pace.found();
    });
    for (let n = 0; n < 1000; n++) pace.hear();
    assert.equal(looks, 1000);
  });
});
