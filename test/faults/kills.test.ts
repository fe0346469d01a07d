import assert from 'node:assert/strict';
import test from 'node:test';
import { median, percentile } from '../bench/statistics.ts';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { lossEndings, unfinished } from './endings.ts';
import { databaseTime } from './rates.ts';
import { leader, releaseSeconds, wronglyGivenUp, type CutOff } from './workers.ts';
import { damage } from './damage.ts';
import { ALL_KINDS, Load } from './load.ts';
import { scaled } from './scale.ts';
import { deaf } from './task-types.ts';

const WORKERS = scaled(3, 4);
const RESOURCES = Array.from({ length: 12 }, (_, number) => `/faults/${number}/`);

test('workers are killed under load: nothing is lost or doubled, and what they held is free again soon', async (t) => {
  const kills = scaled(4, 200);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url });
  await fleet.explaining(t, async () => {
    await Promise.all(Array.from({ length: WORKERS }, (_, number) => fleet.start(`worker-${number}`)));
    await using load = Load.start({
      rate: 20,
      resources: RESOURCES,
      ms: [10, 300],
      kinds: [...ALL_KINDS, deaf],
    });
    const cuts: CutOff[] = [];
    let leaders = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      // Every third time the one that leads, else the one that has lived longest.
      const leading = kill % 3 === 0 ? await eventually('somebody leads', () => leader(client)) : undefined;
      const victim = fleet.running.find(({ name }) => name === leading) ?? fleet.running[0];
      assert(victim);
      if (victim.name === leading) leaders += 1;
      await eventually(`${victim.name} runs something`, async () => {
        const { rowCount } = await client.query('select from pulp.running where worker = $1', [victim.name]);
        return rowCount !== 0;
      });
      const at = await databaseTime(client);
      victim.signal('SIGKILL');
      await victim.ended;
      cuts.push({ worker: victim.name, at });
      // A supervisor starts it again under its name, an autoscaler another one; both are told of by the log.
      await fleet.start(kill % 2 === 0 ? victim.name : `worker-${WORKERS + kill}`);
    }
    await load.stop();
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0, {
      timeout: 300_000,
    });
    assert.deepEqual(await fleet.stop(), []);

    const seconds = await releaseSeconds(client, cuts);
    t.diagnostic(`${kills} kills (${leaders} of the leader), ${load.acknowledged.length} tasks`);
    t.diagnostic(
      `claims of ${seconds.length} lost workers free after ${describe(seconds)}; endings: ${JSON.stringify(await lossEndings(client))}`,
    );
    assert.deepEqual(await damage(fleet, load, client), []);
    const killed = fleet.workers.filter(({ wasKilled }) => wasKilled).map(({ pid }) => pid);
    assert.deepEqual(await wronglyGivenUp(client, killed), []);
    assert(percentile(seconds, 0.99) < 5, 'claims of lost workers are free within 5 s, 99 of 100 times');
  });
});

function describe(seconds: readonly number[]): string {
  const [half, most, max] = [median(seconds), percentile(seconds, 0.99), Math.max(...seconds)];
  return `${half.toFixed(2)} s (median), ${most.toFixed(2)} s (p99), ${max.toFixed(2)} s (max)`;
}
