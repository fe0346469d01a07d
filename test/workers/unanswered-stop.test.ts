import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation, listWorkers, loadTaskTypes, PulpWorker } from '../../src/index.ts';
import { FAREWELL_MS } from '../../src/workers/patience.ts';
import { CommandLine, WorkerProcess } from '../cli/command-line.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { connect } from '../support/database.ts';
import { childrenOf, guardiansOf } from '../support/guardians.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** How long the end of a worker may take that waits for nothing, in milliseconds. */
const PROMPT_MS = 2000;

/** What a worker sends when it connects and when it registers, as it goes over the wire. */
const CONNECT = /application_name\0pulp worker/;
const REGISTER = /pulp\.worker_online/;

/** A `pulp worker` that reaches its database by a proxy. */
class Reaching implements Disposable {
  readonly worker: WorkerProcess;

  constructor(pulp: CommandLine, { url }: FaultyProxy) {
    this.worker = new WorkerProcess(pulp.start(['worker', '--tasks', TASKS_FILE], { DATABASE_URL: url }));
  }

  [Symbol.dispose](): void {
    this.worker.process.kill('SIGKILL');
  }
}

/** How a database comes not to answer a worker, and how long the worker may wait for it when it is told to end, in milliseconds. */
const OUTAGES: Readonly<
  Record<
    string,
    { waitMs: number; begin: (proxy: FaultyProxy, start: () => WorkerProcess) => Promise<unknown> }
  >
> = {
  'when it connects': {
    waitMs: 0,
    begin: async (proxy, start) => {
      const asked = proxy.holdNext(CONNECT);
      start();
      await asked;
    },
  },
  'when it registers': {
    waitMs: FAREWELL_MS,
    begin: async (proxy, start) => {
      const asked = proxy.holdNext(REGISTER);
      start();
      await asked;
    },
  },
  'when it is online': {
    waitMs: FAREWELL_MS,
    begin: async (proxy, start) => {
      await start().logged('online');
      proxy.swallow();
    },
  },
  'when it is online, and refuses connections': {
    waitMs: FAREWELL_MS,
    begin: async (proxy, start) => {
      const worker = start();
      await worker.logged('online');
      await proxy.refuse();
      await worker.logged('the session is lost');
    },
  },
};

suite('a worker that is told to end while its database does not answer', { timeout: 120_000 }, () => {
  afterEach(() => {
    delete process.env['PULP_WORKER_TTL'];
  });

  for (const [when, { waitMs, begin }] of Object.entries(OUTAGES)) {
    for (const signals of [['SIGTERM'], ['SIGTERM', 'SIGINT']] as const) {
      const isTwice = signals.length > 1;
      test(`ends ${isTwice ? 'at once by two signals' : 'soon by one signal'}, ${when}`, async (t) => {
        await using engine = await Engine.create(TASKS_FILE);
        await using pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
        await using proxy = await FaultyProxy.open(engine.database.url);
        using scope = new DisposableStack();
        let worker: WorkerProcess | undefined;
        await begin(proxy, () => (worker = scope.use(new Reaching(pulp, proxy)).worker));
        assert.ok(worker !== undefined);
        const told = performance.now();
        for (const signal of signals) worker.process.kill(signal);
        assert.deepEqual(await worker.ended, { code: 0 });
        const ms = performance.now() - told;
        t.diagnostic(`it took ${(ms / 1000).toFixed(1)} s`);
        assert.ok(ms < PROMPT_MS + (isTwice ? 0 : waitMs), `${ms} ms`);
        assert.ok(worker.hasLogged('"clean":true,"msg":"stopped"'));
      });
    }
  }

  test('ends what runs at once by two signals, with 4, and its guardian reports it when it can', async (t) => {
    await using engine = await Engine.create(TASKS_FILE);
    await using pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
    await using proxy = await FaultyProxy.open(engine.database.url);
    using reaching = new Reaching(pulp, proxy);
    const { worker } = reaching;
    await worker.logged('online');
    const [canceled, requeued] = await Promise.all([
      enqueueWithReservation(tasks.stubborn, ['/canceled/']),
      enqueueWithReservation(tasks.requeued, ['/requeued/'], { kwargs: { file: `${pulp.folder}/ran` } }),
    ]);
    for (const task of [canceled, requeued]) await until(async () => (await task.read()).progress !== null);
    const guardians = guardiansOf(worker.process.pid);
    const horses = childrenOf(worker.process.pid).filter((pid) => !guardians.includes(pid));
    assert.ok(horses.length >= 2);
    proxy.swallow();
    worker.process.kill('SIGTERM');
    await worker.logged('a second signal ends it');
    const told = performance.now();
    worker.process.kill('SIGINT');
    assert.deepEqual(await worker.ended, { code: 4 });
    const ms = performance.now() - told;
    t.diagnostic(`it took ${(ms / 1000).toFixed(1)} s`);
    assert.ok(ms < PROMPT_MS, `${ms} ms`);
    await until(() => !horses.some(isAlive));
    assert.equal((await canceled.read()).state, 'running');
    proxy.pass();
    await until(async () => (await canceled.read()).state === 'canceled');
    const { state, attempt, interruptions } = await requeued.read();
    assert.deepEqual([state, attempt, interruptions], ['waiting', 0, 1]);
    const [record] = await listWorkers();
    assert.deepEqual([record?.state, record?.gracefully_stopped], ['offline', false]);
    assert.deepEqual(await engine.violations(), []);
  });

  for (const how of ['stop', 'kill'] as const) {
    test(`ends in a program by ${how}(), and its guardian reports it though the program goes on`, async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await using proxy = await FaultyProxy.open(engine.database.url);
      const { worker, life } = await startBehind(engine, proxy);
      await (await enqueueWithReservation(tasks.doubleInline, [], { kwargs: { number: 1 } })).wait();
      proxy.swallow();
      const told = performance.now();
      worker[how]();
      assert.deepEqual(await life, { clean: true });
      const ms = performance.now() - told;
      assert.ok(ms < PROMPT_MS + (how === 'stop' ? FAREWELL_MS : 0), `${ms} ms`);
      assert.equal((await listWorkers())[0]?.state, 'online');
      proxy.pass();
      await until(async () => (await listWorkers())[0]?.state === 'offline');
    });
  }

  test('ends no task whose start it was never told of: none of its code has begun', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using proxy = await FaultyProxy.open(engine.database.url);
    await using other = await connect(engine.database.url);
    await using looking = await connect(engine.database.url);
    const { worker, life } = await startBehind(engine, proxy);
    await other.query('begin; lock table pulp.running in exclusive mode');
    const task = await enqueueWithReservation(tasks.double, ['/started/'], { kwargs: { number: 1 } });
    await until(async () => {
      const { rowCount } = await looking.query(
        `select from pg_locks where not granted and relation = 'pulp.running'::regclass`,
      );
      return rowCount === 1;
    });
    proxy.swallow();
    await other.query('commit');
    await until(async () => (await task.read()).state === 'running');
    worker.stop();
    assert.deepEqual(await life, { clean: true });
    proxy.pass();
    await until(async () => (await listWorkers())[0]?.state === 'offline');
    const { state, attempt, interruptions } = await task.read();
    assert.deepEqual([state, attempt, interruptions], ['waiting', 0, 1]);
    assert.deepEqual(await engine.violations(), []);
  });

  test('goes on trying to record what runs have come to, as long as its lease stands', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using proxy = await FaultyProxy.open(engine.database.url);
    const { worker, life } = await startBehind(engine, proxy);
    const task = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 500 } });
    await until(async () => (await task.read()).state === 'running');
    proxy.stall();
    worker.stop();
    const outage = pause(FAREWELL_MS + PROMPT_MS, 'goes on');
    assert.equal(await Promise.race([life, outage]), 'goes on');
    proxy.flow();
    assert.deepEqual(await life, { clean: true });
    assert.equal((await task.read()).state, 'completed');
    assert.deepEqual(await engine.violations(), []);
  });

  test('has not ended well if its lease is over before what ran could be recorded', async () => {
    process.env['PULP_WORKER_TTL'] = '4';
    await using engine = await Engine.create(TASKS_FILE);
    await using proxy = await FaultyProxy.open(engine.database.url);
    const { worker, life } = await startBehind(engine, proxy);
    const task = await enqueueWithReservation(tasks.untilAborted, []);
    await until(async () => (await task.read()).progress !== null);
    proxy.swallow();
    const told = performance.now();
    worker.stop();
    assert.deepEqual(await life, { clean: false });
    const ms = performance.now() - told;
    assert.ok(ms < 4000 + PROMPT_MS, `${ms} ms`);
  });
});

/** A worker of this process that is online by way of a proxy. */
async function startBehind(engine: Engine, proxy: FaultyProxy) {
  process.env['DATABASE_URL'] = proxy.url;
  const worker = await PulpWorker.create({
    registry: await loadTaskTypes(TASKS_FILE),
    tasksFile: TASKS_FILE,
    name: 'behind',
  });
  process.env['DATABASE_URL'] = engine.database.url;
  const online = Promise.withResolvers<void>();
  const life = worker.run({ onOnline: online.resolve });
  life.catch(online.reject);
  await online.promise;
  return { worker, life };
}
