import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listTasks, PulpWorker } from '../../src/index.ts';
import { countTasks } from '../../src/queries/task.ts';

/** What JavaScript may ask for, and what is wrong with it. */
const WRONG: Readonly<Record<string, [selection: object, at: RegExp]>> = {
  'a condition that there is not': [{ stat: 'failed' }, /stat/],
  'a state that there is not': [{ state: 'lost' }, /: state: /],
  'an order that there is not': [{ order: [{ by: 'args', descending: false }] }, /: order\.0\.by: /],
  'an order that is a text': [{ order: ['name'] }, /: order\.0: /],
  'a time that there is not': [
    { times: [{ time: 'born_at', is: 'since', moment: new Date() }] },
    /: times\.0\.time: /,
  ],
  'a comparison that there is not': [
    { times: [{ time: 'started_at', is: 'near', moment: new Date() }] },
    /: times\.0\.is: /,
  ],
  'a moment that is none': [{ since: new Date(NaN) }, /: since: /],
  'no resources': [{ claims: [{ mode: 'shared', resources: [] }] }, /: claims\.0\.resources: /],
  'less than nothing': [{ limit: -1 }, /: limit: /],
};

for (const [what, [selection, message]] of Object.entries(WRONG)) {
  test(`tasks are not looked for by ${what}`, async () => {
    const refusal = { code: 'INVALID_INPUT', message };
    await assert.rejects(listTasks({ limit: 10, ...selection }), refusal);
    if (!('order' in selection || 'limit' in selection)) {
      await assert.rejects(countTasks(selection), refusal);
    }
  });
}

for (const options of [
  { concurrency: 0 },
  { concurrency: 1.5 },
  { maxTasksPerHorse: 0 },
  { maxTasksPerHorse: 2 ** 31 },
  { cancelGraceMs: NaN },
]) {
  test(`a worker is not made with ${JSON.stringify(options)}`, async () => {
    await assert.rejects(PulpWorker.create({ registry: new Map(), ...options }), { code: 'INVALID_INPUT' });
  });
}
