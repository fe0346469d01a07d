import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation, listWorkers, type PulpWorker } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import { begun, creating, inHorse, requeued, tried } from './late-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./late-tasks.ts', import.meta.url));

/** How a worker asks for tasks, as it goes over the wire. */
const START = /\0start\0/;

/** A worker that is online by way of this proxy, has looked for tasks, and sleeps. */
async function startBehind(engine: Engine, proxy: FaultyProxy): Promise<PulpWorker> {
  process.env['DATABASE_URL'] = proxy.url;
  const worker = await engine.worker({ name: 'late' });
  process.env['DATABASE_URL'] = engine.database.url;
  await using client = await connect(engine.database.url);
  await until(async () => {
    const { rowCount } = await client.query(
      `select from pulp.worker w join pg_stat_activity a on a.pid = w.backend_pid
       where w.name = 'late' and a.state = 'idle' and a.state_change < clock_timestamp() - interval '300 ms'`,
    );
    return rowCount === 1;
  });
  return worker;
}

suite('what the database answers a worker too late', { timeout: 120_000 }, () => {
  afterEach(() => {
    delete process.env['PULP_WORKER_TTL'];
    begun.length = 0;
  });

  for (const type of [requeued, inHorse]) {
    test(`a task (${type.name}) that was started when the worker is told to end at once goes back to its line`, async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await using proxy = await FaultyProxy.open(engine.database.url);
      const worker = await startBehind(engine, proxy);
      const asked = proxy.holdNext(START);
      const task = await enqueueWithReservation(type, ['/a/']);
      await asked;
      await until(async () => (await task.read()).state === 'running');
      worker.kill();
      proxy.flow();
      await engine.stop(worker);
      const { state, attempt, interruptions, progress } = await task.read();
      assert.deepEqual([state, attempt, interruptions, progress], ['waiting', 0, 1, null]);
      assert.deepEqual(begun, []);
      assert.deepEqual(await engine.violations(), []);
    });
  }

  test('a task that was started does not begin when another worker has it by then', async () => {
    process.env['PULP_WORKER_TTL'] = '4';
    await using engine = await Engine.create(TASKS_FILE);
    await using proxy = await FaultyProxy.open(engine.database.url);
    await startBehind(engine, proxy);
    const asked = proxy.holdNext(START);
    const task = await enqueueWithReservation(tried, ['/a/']);
    await asked;
    await until(async () => (await task.read()).state === 'running');
    proxy.stall();
    await engine.worker({ name: 'other' });
    await until(() => begun.length > 0, 60_000);
    assert.equal((await task.read()).worker, 'other');
    proxy.flow();
    // Once it is registered anew, it has dealt with the answer.
    await until(async () =>
      (await listWorkers()).some(({ name, state }) => name === 'late' && state === 'online'),
    );
    assert.deepEqual(begun, [2]);
  });

  test('code that waits for what it created goes on to its signal when the lease is over', async () => {
    process.env['PULP_WORKER_TTL'] = '6';
    await using engine = await Engine.create(TASKS_FILE);
    await using proxy = await FaultyProxy.open(engine.database.url);
    await startBehind(engine, proxy);
    await enqueueWithReservation(creating, []);
    await until(() => begun.length > 0);
    proxy.stall();
    await until(() => begun.includes(-1), 60_000);
    proxy.flow();
  });
});
