import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RepeatedWarning } from '../../src/processes/repeated-warning.ts';

test('a warning that lasts is told once, when it changes, every ten seconds, and anew when it was over', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const told: object[] = [];
  const warn = (fields: object) => void told.push(fields);
  const warning = new RepeatedWarning({ info: warn, warn, error: warn });
  const said = (problem: string, ms: number) => {
    now += ms;
    const err = new Error(problem);
    warning.tell({ err }, 'lost');
    return told.splice(0).map((fields) => ('untold' in fields ? fields.untold : 0));
  };
  assert.deepEqual(said('refused', 0), [0]);
  assert.deepEqual(said('refused', 500), []);
  assert.deepEqual(said('timed out', 500), [1]);
  assert.deepEqual(said('timed out', 9999), []);
  assert.deepEqual(said('timed out', 1), [1]);
  assert.deepEqual(said('timed out', 9999), []);
  warning.over();
  assert.deepEqual(said('timed out', 0), [0]);
});
