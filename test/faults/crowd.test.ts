import assert from 'node:assert/strict';
import test from 'node:test';
import { enqueueMany } from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { unfinished } from './endings.ts';
import { wronglyGivenUp } from './workers.ts';
import { horseRetried } from './task-types.ts';

const WORKERS = 14;
const TASKS = 1000;

test('many workers that start at once, each with more to do than it has horses, keep their leases', async (t) => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url, ttlSeconds: 10, concurrency: 20 });
  await fleet.explaining(t, async () => {
    await enqueueMany(Array.from({ length: TASKS }, () => ({ task: horseRetried, kwargs: { ms: 0 } })));
    await Promise.all(Array.from({ length: WORKERS }, (_, number) => fleet.start(`crowd-${number}`)));
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0, { timeout: 60_000 });
    assert.deepEqual(await wronglyGivenUp(client, []), []);
    assert.deepEqual(await fleet.stop(), []);
  });
});
