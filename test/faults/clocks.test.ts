import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../support/database.ts';
import { damage } from './damage.ts';
import { lossEndings, unfinished } from './endings.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { Load } from './load.ts';
import { LongRuns } from './long-runs.ts';
import { OwnServer } from './own-server.ts';
import { scaled } from './scale.ts';
import { noSteps, SteppingClock } from './stepping-clock.ts';
import { wronglyGivenUp } from './workers.ts';

/** Where the clock of the database's host goes, from where it was at first. */
const STEPS = ['+120s', '-3600s', '+86400s', '+3456000s', '+0s'].slice(0, scaled(2, 5));

const TTL_SECONDS = 8;

/** How long each is suffered: longer than any lease. */
const STEP_MS = 1.5 * TTL_SECONDS * 1000;

test('a step of the clock of the database ends nothing', { skip: noSteps }, async (t) => {
  await using server = await OwnServer.start();
  const clock = await SteppingClock.of(server);
  await using fleet = await Fleet.create({ databaseUrl: server.url, ttlSeconds: TTL_SECONDS });
  await fleet.explaining(t, async () => {
    await Promise.all([fleet.start('worker-0'), fleet.start('worker-1', { queues: ['long'] })]);
    await using load = Load.start({ rate: 10, resources: ['/faults/a/', '/faults/b/', '/faults/c/'] });
    await load.reached(10);
    const long = await LongRuns.start(load, (STEPS.length + 1) * STEP_MS);
    await eventually('the long runs have begun', () => server.ask((client) => long.areRunning(client)));
    for (const offset of STEPS) {
      await clock.step(offset);
      await pause(STEP_MS); // as long as somebody might need to take a worker for lost
      const before = load.acknowledged.length;
      await load.reached(before + 10);
    }
    await load.stop();
    await using client = await connect(server.url);
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0, { timeout: 60_000 });
    assert.deepEqual(await long.harmed(client), []);
    assert.deepEqual(await lossEndings(client), []);
    assert.deepEqual(await wronglyGivenUp(client, []), []);
    assert.deepEqual(await fleet.stop(), []);
    t.diagnostic(`${STEPS.length} steps (${STEPS.join(', ')}), ${load.acknowledged.length} tasks`);
    assert.deepEqual(await damage(fleet, load, client), []);
  });
});
