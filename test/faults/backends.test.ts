import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { lossEndings, unfinished } from './endings.ts';
import { present } from './workers.ts';
import { damage } from './damage.ts';
import { Load } from './load.ts';
import { LongRuns } from './long-runs.ts';
import { OwnServer } from './own-server.ts';
import { scaled } from './scale.ts';

const RESOURCES = Array.from({ length: 6 }, (_, number) => `/faults/${number}/`);

/** How long runs take that are in hand all the time, in milliseconds. */
const LONG_MS = scaled(15_000, 180_000);

test('workers survive the end of each of their connections', async (t) => {
  const rounds = scaled(1, 10);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url });
  await fleet.explaining(t, async () => {
    await Promise.all(Array.from({ length: scaled(2, 4) }, (_, number) => fleet.start(`worker-${number}`)));
    await using load = Load.start({ rate: 40, resources: RESOURCES });
    await load.reached(40);
    const long = await LongRuns.start(load, LONG_MS);
    await eventually('the long runs have begun', () => long.areRunning(client));
    const ended = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      for (const { pid, kind } of await backends(client)) {
        await client.query('select pg_terminate_backend($1, 2000)', [pid]);
        ended.set(kind, (ended.get(kind) ?? 0) + 1);
        await allPresent(client, fleet);
      }
    }
    await load.stop();
    await finish(t.diagnostic.bind(t), fleet, load, client);
    assert.deepEqual(await long.harmed(client), []);
    t.diagnostic(`connections ended: ${JSON.stringify(Object.fromEntries(ended))}`);
  });
});

test('workers survive the crash of a backend, which restarts the whole server', async (t) => {
  const crashes = scaled(1, 10);
  await using server = await OwnServer.start();
  await using fleet = await Fleet.create({ databaseUrl: server.url });
  await fleet.explaining(t, async () => {
    await Promise.all([fleet.start('worker-0'), fleet.start('worker-1')]);
    await using load = Load.start({ rate: 40, resources: RESOURCES });
    await load.reached(40);
    const long = await LongRuns.start(load, LONG_MS);
    await eventually('the long runs have begun', () => server.ask((client) => long.areRunning(client)));
    for (let crash = 0; crash < crashes; crash += 1) {
      const [victim] = await server.ask((client) => backends(client));
      assert(victim);
      server.killBackend(victim.pid);
      await eventually('the server has restarted', () =>
        server.ask(async (client) => !(await backends(client)).some(({ pid }) => pid === victim.pid)),
      );
      await eventually('all workers are back', () => server.ask((client) => allPresent(client, fleet)));
    }
    await load.stop();
    await using client = await connect(server.url);
    await finish(t.diagnostic.bind(t), fleet, load, client);
    assert.deepEqual(await long.harmed(client), []);
  });
});

/** The backends that serve this database, but for the asking one: those of the workers and of the load. */
async function backends(client: Client): Promise<readonly { readonly pid: number; readonly kind: string }[]> {
  const { rows } = await client.query<{ pid: number; kind: string }>(`
    select pid, coalesce(substring(application_name from '^pulp [a-z]+'), 'pool') as kind
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    order by backend_start`);
  return rows;
}

async function allPresent(client: Client, fleet: Fleet): Promise<true> {
  return await eventually('all workers are online', async () => {
    const there = await present(client);
    return fleet.workers.every(({ name }) => there.includes(name));
  });
}

/** Lets the load come to its end and looks for damage; the same processes must have lived all the time. */
async function finish(
  say: (message: string) => void,
  fleet: Fleet,
  load: Load,
  client: Client,
): Promise<void> {
  await eventually('all tasks are over', async () => (await unfinished(client)) === 0, {
    timeout: 2 * LONG_MS,
  });
  assert.deepEqual(
    fleet.workers.map(({ name, isRunning }) => ({ name, isRunning })),
    fleet.workers.map(({ name }) => ({ name, isRunning: true })),
  );
  assert.deepEqual(await fleet.stop(), []);
  say(`${load.acknowledged.length} tasks, ${load.repeats} batches sent again`);
  assert.deepEqual(await lossEndings(client), [], 'no run is cut off');
  assert.deepEqual(await damage(fleet, load, client), []);
}
