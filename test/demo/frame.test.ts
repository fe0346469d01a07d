import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { frame } from '../../src/demo/frame.ts';
import { fit, span, type Line } from '../../src/demo/line.ts';
import type { Snapshot } from '../../src/demo/observer.ts';

const run = { group: 'demo-1', workers: ['demo-1-w1', 'demo-1-w2'] };

function task(number: number, more: Partial<Snapshot['tasks'][number]> = {}): Snapshot['tasks'][number] {
  return {
    id: `id-${number}`,
    number,
    name: 'demo.sync',
    subject: 'zoo',
    state: 'waiting',
    worker: null,
    attempt: 0,
    running_seconds: null,
    due_seconds: null,
    unblocked: false,
    progress: null,
    ...more,
  };
}

const snapshot: Snapshot = {
  seconds: 1,
  tasks: [
    task(1, { state: 'running', worker: 'demo-1-w1', running_seconds: 0.5, progress: { done: 1, total: 2 } }),
    ...Array.from({ length: 40 }, (_, index) => task(index + 2)),
  ],
  resources: ['/demo-1/zoo/'],
  claims: Array.from({ length: 41 }, (_, index) => ({
    task_id: `id-${index + 1}`,
    resource: '/demo-1/zoo/',
    mode: 'exclusive',
    state: index === 0 ? 'granted' : 'waiting',
    position: index,
  })),
  workers: [{ name: 'demo-1-w1', state: 'online', concurrency: 3 }],
  events: [],
};

function shown(line: Line): string {
  return line.map((piece) => (typeof piece === 'string' ? piece : piece.text)).join('');
}

suite('the live view', () => {
  test('says who runs, who holds, and who waits for whom', () => {
    const text = frame(snapshot, run, [], { columns: 80, rows: 40 }).map(shown).join('\n');
    assert.match(text, /demo-1-w1 +online, 1 of 3\n +#1 sync zoo +0\.5 s +█{10}░{10} 1\/2/);
    assert.match(text, /demo-1-w2 +starting/);
    assert.match(text, /\/demo-1\/zoo\/ +#1 sync ◂ #2 sync, #3 sync/);
    assert.match(text, /#2 sync zoo +waits for #1 sync zoo, which runs on demo-1-w1\n/);
    assert.match(text, /#3 sync zoo +waits for #2 sync zoo, which stands before it, and 1 more\n/);
  });

  for (const rows of [12, 24, 50]) {
    test(`fits into ${rows} rows`, () => {
      const news: Line[] = Array.from({ length: 100 }, (_, index) => [`event ${index}`]);
      const lines = frame(snapshot, run, news, { columns: 80, rows });
      assert.ok(lines.length <= rows);
    });
  }
});

test('a line is cut to the columns there are, across its pieces', () => {
  const line: Line = ['one ', span('two', 'red'), ' three'];
  assert.equal(shown(fit(line, 20)), 'one two three');
  assert.equal(shown(fit(line, 13)), 'one two three');
  assert.equal(shown(fit(line, 7)), 'one tw…');
  assert.equal(shown(fit(line, 1)), '…');
});
