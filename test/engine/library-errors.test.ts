import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as pulp from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';

test('whatever the database refuses, callers in TypeScript get it with a code and a remedy', async () => {
  await using database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['INVALID_INPUT', () => pulp.pause('queue', 'no queue')],
    ['NOT_PAUSED', () => pulp.resume('queue', 'default')],
    ['MISSING_SCHEDULE', () => pulp.runSchedule('nightly')],
    ['MISSING_SCHEDULE', () => pulp.pauseSchedule('nightly')],
    ['MISSING_RESOURCE', () => pulp.drainWorker('nobody')],
    ['MISSING_RESOURCE', () => pulp.setWorker('nobody', { concurrency: 2 })],
    ['INVALID_INPUT', () => pulp.setCapacity('/a/', 0)],
    ['NO_RETENTION', () => pulp.clearRetention('queue', 'default')],
    ['MISSING_SUBSCRIPTION', () => pulp.pauseSubscription('billing')],
    ['MISSING_GROUP', () => pulp.dispatchGroup('nobody')],
    ['MISSING_RESOURCE', () => pulp.cancel('00000000-0000-7000-8000-000000000000')],
    ['MISSING_RESOURCE', () => pulp.retry('00000000-0000-7000-8000-000000000000')],
    ['MISSING_RESOURCE', () => pulp.explainTask('00000000-0000-7000-8000-000000000000')],
  ];
  try {
    for (const [code, call] of calls) {
      await assert.rejects(call(), (error) => {
        assert(error instanceof pulp.PulpError, `${String(call)}: ${String(error)}`);
        assert.equal(error.code, code, String(call));
        assert.notEqual(error.remedy, '');
        return true;
      });
    }
  } finally {
    await pulp.closeConnection();
  }
});
