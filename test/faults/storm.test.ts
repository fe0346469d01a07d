import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../support/database.ts';
import { damage } from './damage.ts';
import { unfinished } from './endings.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { Load } from './load.ts';
import { LongRuns } from './long-runs.ts';
import { OwnServer } from './own-server.ts';
import { scaled } from './scale.ts';
import { noSteps, SteppingClock } from './stepping-clock.ts';
import { wronglyGivenUp } from './workers.ts';

const SECONDS = scaled(30, 600);

const WORKERS = 3;

/** Longer than any fault here lasts, so that no lease may run out. */
const TTL_SECONDS = 30;

const RESOURCES = Array.from({ length: 8 }, (_, number) => `/faults/${number}/`);

interface Scene {
  readonly server: OwnServer;
  readonly fleet: Fleet;
  readonly clock: SteppingClock | undefined;
  /** A number from `least` to `most`, of a sequence that is the same for the same seed. */
  readonly draw: (least: number, most: number) => number;
  deployed: number;
}

/** What happens to a system in its life, each as it comes, alone or beside others. */
const FAULTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'the server crashes': async ({ server, clock, draw }) => {
    await server.crash();
    await pause(draw(0, 3000));
    await (clock ?? server).startAgain();
  },
  'a session is ended': async ({ server }) => {
    await server.ask((client) =>
      client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        order by random() limit 1`),
    );
  },
  'a caller leaves a cancel open': async ({ server, draw }) => {
    await server.ask(async (client) => {
      await client.query('begin');
      await client.query(`select pulp.cancel(id) from pulp.task where state = 'running' limit 2`);
      await pause(draw(500, 5000));
      await client.query('rollback');
    });
  },
  'commits wait for a standby that is not there': async ({ server, draw }) => {
    const set = (standbys: string) =>
      server.ask(async (client) => {
        await client.query(`set synchronous_commit = off`);
        await client.query(`alter system set synchronous_standby_names = '${standbys}'`);
        await client.query('select pg_reload_conf()');
      });
    await set('nosuch');
    await pause(draw(1000, 8000));
    await set('');
  },
  'the clock steps': async ({ clock, draw }) => {
    await clock?.step(`${draw(-3600, 86_400)}s`.replace(/^(\d)/, '+$1'));
  },
  'a worker is stopped for a while': async ({ fleet, draw }) => {
    const worker = anyOf(fleet.running, draw);
    worker.signal('SIGSTOP');
    await pause(draw(500, 5000));
    worker.signal('SIGCONT');
  },
  'a worker is replaced by another release': async (scene) => {
    const worker = anyOf(scene.fleet.running.slice(1), scene.draw); // nobody else takes what the first has
    worker.signal('SIGTERM');
    scene.deployed += 1;
    await scene.fleet.start(`release-${scene.deployed}`);
  },
  'a worker is killed': async ({ fleet, draw }) => {
    const worker = anyOf(fleet.running.slice(1), draw); // the first has the long runs
    worker.signal('SIGKILL');
    await worker.ended;
    await fleet.start(worker.name);
  },
};

test('whatever happens, in any order: who was not to blame completes', async (t) => {
  const seed = Number(process.env['PULP_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}`);
  await using server = await OwnServer.start();
  const clock = noSteps === false ? await SteppingClock.of(server) : undefined;
  await using fleet = await Fleet.create({
    databaseUrl: server.url,
    ttlSeconds: TTL_SECONDS,
    concurrency: 6,
  });
  await fleet.explaining(t, async () => {
    await fleet.start('worker-0', { queues: ['long'] });
    await using load = Load.start({ rate: 15, resources: RESOURCES });
    const long = await LongRuns.start(load, (SECONDS + 15) * 1000, { queue: 'long' });
    await eventually('the long runs have begun', () => server.ask((client) => long.areRunning(client)));
    for (let number = 1; number < WORKERS; number += 1) await fleet.start(`worker-${number}`);
    const scene: Scene = { server, fleet, clock, draw: sequence(seed), deployed: 0 };
    const counts = new Map<string, number>();
    const until = performance.now() + SECONDS * 1000;
    while (performance.now() < until) {
      const [name, fault] = anyOf(Object.entries(FAULTS), scene.draw);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await fault(scene);
    }
    await clock?.step('+0s');
    await load.stop();
    await using client = await connect(server.url);
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0, {
      timeout: 120_000,
    });
    t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
    assert.deepEqual(await long.harmed(client), [], 'long runs are not harmed');
    const killed = fleet.workers.filter(({ wasKilled }) => wasKilled).map(({ pid }) => pid);
    assert.deepEqual(await wronglyGivenUp(client, killed), []);
    assert.deepEqual(await fleet.stop(), []);
    t.diagnostic(`${load.acknowledged.length} tasks, ${load.repeats} batches sent again`);
    assert.deepEqual(await damage(fleet, load, client), []);
  });
});

function anyOf<T>(things: readonly T[], draw: Scene['draw']): T {
  const thing = things[draw(0, things.length - 1)];
  if (thing === undefined) throw new RangeError('there is none');
  return thing;
}

/** Numbers that look random, by a multiplicative generator. */
function sequence(seed: number): Scene['draw'] {
  let state = (seed % 2_147_483_646) + 1;
  return (least, most) => {
    state = (state * 48_271) % 2_147_483_647;
    return least + (state % (most - least + 1));
  };
}
