import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createDatabase } from '../support/database.ts';
import { blackHole } from './black-hole.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { stateOf, unfinished } from './endings.ts';
import { workerState } from './workers.ts';
import { readRun } from './journalled-runs.ts';
import { damage } from './damage.ts';
import { Load } from './load.ts';
import { isLong } from './scale.ts';
import { horseCanceled, horseRetried } from './task-types.ts';

const TTL_SECONDS = 4;

test('a worker whose network swallows everything ends its runs before others get their resources', async (t) => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using hole = await blackHole(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url, ttlSeconds: TTL_SECONDS });
  await fleet.explaining(t, async () => {
    await fleet.start('near');
    const far = await fleet.start('far', { queues: ['far'], databaseUrl: hole.url });
    await using load = Load.start({ rate: 20, resources: ['/faults/a/', '/faults/b/', '/faults/c/'] });
    const [endless, successor] = [randomUUID(), randomUUID()];
    const resources = ['/faults/held/'];
    const held = { resources, kwargs: { ms: 600_000, exclusive: resources } };
    await load.enqueue([
      { ...held, id: endless, task: horseCanceled, queue: 'far', priority: 1 },
      { ...held, id: successor, task: horseRetried, kwargs: { ms: 10, exclusive: resources } },
    ]);
    await eventually('the endless run has begun', () => readRun(fleet.journal, endless));

    const from = far.log.length;
    const swallowedAt = process.hrtime.bigint();
    hole.swallow();
    await eventually(
      'the far worker is given up',
      async () => (await workerState(client, 'far')) === 'missing',
    );
    await eventually(
      'the successor is through',
      async () => (await stateOf(client, successor)) === 'completed',
    );
    if (isLong) await pause(60_000);
    hole.release();
    await far.logged('online', { from });

    await load.stop();
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0);
    assert.deepEqual(await fleet.stop(), []);
    const [cut, next] = [await readRun(fleet.journal, endless), await readRun(fleet.journal, successor)];
    assert(cut && next);
    t.diagnostic(
      `the run ended ${seconds(cut.ranUntil - swallowedAt)} s after the network, ` +
        `and its successor began ${seconds(next.startedAt - cut.ranUntil)} s later`,
    );
    assert.deepEqual(await damage(fleet, load, client), []);
  });
});

function seconds(ns: bigint): string {
  return (Number(ns) / 1e9).toFixed(2);
}
