import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../bench/statistics.ts';
import { connect } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { lossEndings, unfinished } from './endings.ts';
import { databaseTime, recentRate, secondsUntilRate } from './rates.ts';
import { damage } from './damage.ts';
import { Load } from './load.ts';
import { LongRuns } from './long-runs.ts';
import { OwnServer } from './own-server.ts';
import { hasOutage, scaled } from './scale.ts';

const RESOURCES = Array.from({ length: 12 }, (_, number) => `/faults/${number}/`);

/** Tasks a second: less than the workers could do, so that they can catch up. */
const RATE = 40;

/** How long the rate is measured before anything is broken, in seconds. */
const BEFORE_SECONDS = scaled(3, 15);

/** Within how many seconds after the server's return the rate must be back, at how much of what it was. */
const BACK = { seconds: 10, share: 0.95 };

/** How many lines a second a worker may log while it waits for the server: more, and it does not wait. */
const CALM_LINES = 10;

/** How long runs take that are in hand all the time, in milliseconds. */
const LONG_MS = scaled(20_000, 300_000);

interface Outage {
  readonly name: string;
  readonly times: number;
  readonly down: (server: OwnServer) => Promise<void>;
  /** For how long it is away. */
  readonly seconds: number;
  /** Leases run out meanwhile. */
  readonly isTooLong?: boolean;
}

const crash = (server: OwnServer) => server.crash();
const stop = (server: OwnServer) => server.stop();

const OUTAGES: readonly Outage[] = [
  { name: 'crashes and is started again', times: scaled(1, 20), down: crash, seconds: 0 },
  { name: 'is restarted in good order', times: 1, down: stop, seconds: 0 },
  { name: 'is away for a while', times: 1, down: crash, seconds: scaled(3, 15) },
  ...(hasOutage
    ? [{ name: 'is away for ten minutes', times: 1, down: crash, seconds: 600, isTooLong: true }]
    : []),
];

test('workers go on when Postgres comes back: the same processes, nothing lost, at the old rate', async (t) => {
  await using server = await OwnServer.start();
  await using fleet = await Fleet.create({ databaseUrl: server.url });
  await fleet.explaining(t, async () => {
    await Promise.all(Array.from({ length: scaled(2, 3) }, (_, number) => fleet.start(`worker-${number}`)));
    await using load = Load.start({ rate: RATE, resources: RESOURCES });
    await load.reached(RATE);
    await eventually('the workers keep up', () =>
      server.ask(async (client) => (await unfinished(client)) < RATE / 4),
    );
    await pause(BEFORE_SECONDS * 1000);
    const before = await server.ask((client) => recentRate(client, BEFORE_SECONDS));
    t.diagnostic(`before: ${before} tasks a second`);
    const long = await LongRuns.start(load, LONG_MS);
    await eventually('the long runs have begun', () => server.ask((client) => long.areRunning(client)));
    for (const outage of OUTAGES.filter(({ isTooLong }) => isTooLong !== true)) {
      await suffer(t, outage, { server, fleet, before });
    }
    await eventually('the long runs are over', () => server.ask((client) => long.areOver(client)), {
      timeout: LONG_MS,
    });
    assert.deepEqual(await server.ask((client) => long.harmed(client)), [], 'long runs are not harmed');
    assert.deepEqual(await server.ask(lossEndings), [], 'no run is cut off');
    for (const outage of OUTAGES.filter(({ isTooLong }) => isTooLong === true)) {
      await suffer(t, outage, { server, fleet, before });
    }
    await load.stop();
    await using client = await connect(server.url);
    await eventually('all tasks are over', async () => (await unfinished(client)) === 0, { timeout: 60_000 });
    assert(
      fleet.workers.every((worker) => worker.isRunning),
      'no worker process has ended',
    );
    assert.deepEqual(await fleet.stop(), []);
    t.diagnostic(`${load.acknowledged.length} tasks, ${load.repeats} batches sent again`);
    t.diagnostic(`runs cut off: ${JSON.stringify(await lossEndings(client))}`);
    assert.deepEqual(await damage(fleet, load, client), []);
  });
});

/**
 * Takes the server away so many times, each time until the rate is back; fails if that takes too long, or if the workers
 * do not wait for it calmly.
 */
async function suffer(
  t: TestContext,
  outage: Outage,
  { server, fleet, before }: { readonly server: OwnServer; readonly fleet: Fleet; readonly before: number },
): Promise<void> {
  const seconds: number[] = [];
  for (let time = 0; time < outage.times; time += 1) {
    const lines = fleet.workers.map(({ log }) => log.length);
    await outage.down(server);
    await pause(outage.seconds * 1000);
    const most = Math.max(...fleet.workers.map(({ log }, index) => log.length - (lines[index] ?? 0)));
    assert(most <= CALM_LINES * (1 + outage.seconds), `a worker logged ${most} lines in ${outage.seconds} s`);
    await server.startAgain();
    const backAt = await server.ask(databaseTime);
    const taken = await eventually(
      `the rate is back at ${BACK.share * before} tasks a second`,
      () => server.ask((client) => secondsUntilRate(client, backAt, BACK.share * before)),
      { timeout: BACK.seconds * 1000 },
    );
    seconds.push(taken);
  }
  t.diagnostic(
    `Postgres ${outage.name} (${outage.times} times): the old rate after ${median(seconds).toFixed(1)} s (median), ${Math.max(...seconds).toFixed(1)} s (max)`,
  );
}
