import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  checkWorkerProcesses,
  enqueueWithReservation,
  handleWorkerHeartbeat,
  handleWorkerOffline,
  listWorkers,
  markWorkerOffline,
  markWorkerOnline,
  PulpError,
} from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** A log that keeps what it is told. */
function memoryLog() {
  const lines: string[] = [];
  const to = (level: string) => (_: object, message: string) => {
    lines.push(`${level}: ${message}`);
  };
  return { lines, info: to('info'), warn: to('warn'), error: to('error') };
}

/** A TTL of a second, until the end of the scope. */
function shortTtl(): Disposable {
  process.env['PULP_WORKER_TTL'] = '1';
  return {
    [Symbol.dispose]: () => {
      delete process.env['PULP_WORKER_TTL'];
    },
  };
}

async function stateOf(name: string): Promise<string | undefined> {
  return (await listWorkers()).find((worker) => worker.name === name)?.state;
}

suite('the watch', { timeout: 60_000 }, () => {
  test('says loudly that there is no resource manager, and no worker', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const log = memoryLog();
    await checkWorkerProcesses(log);
    assert.deepEqual(log.lines, [
      'error: no resource manager is online: no task with resources will run until a worker is started',
      'error: no worker is online: no task will run until one is started',
    ]);
    await engine.worker();
    await until(async () => (await listWorkers()).some(({ leads }) => leads));
    log.lines.length = 0;
    assert.deepEqual(await checkWorkerProcesses(log), []);
    assert.deepEqual(log.lines, []);
  });

  test('takes a process that has no session here by its heartbeats, and gives it up without them', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const log = memoryLog();
    await handleWorkerHeartbeat('elsewhere', log);
    await handleWorkerHeartbeat('elsewhere', log);
    await markWorkerOnline('elsewhere');
    assert.deepEqual(log.lines, [
      'info: worker elsewhere is online',
      'info: a sign of life of worker elsewhere',
    ]);
    assert.equal(await stateOf('elsewhere'), 'online');
    assert.deepEqual(await checkWorkerProcesses(log), []);

    await handleWorkerOffline('elsewhere', log);
    assert.equal(await stateOf('elsewhere'), 'offline');
    await markWorkerOnline('elsewhere');
    log.lines.length = 0;
    await markWorkerOffline('nowhere', false, log);
    assert.equal(log.lines.length, 0);
    await markWorkerOffline('elsewhere', false, log);
    assert.equal(await stateOf('elsewhere'), 'missing');
    assert.match(log.lines.at(-1) ?? '', /^error: worker elsewhere is missing/);

    await markWorkerOnline('elsewhere');
    await using client = await connect(engine.database.url);
    // The age of a heartbeat says nothing, for clocks step: it is watched for as long as the TTL whether another one comes.
    using _ttl = shortTtl();
    await client.query("update pulp.worker set last_heartbeat = last_heartbeat - interval '1 hour'");
    const check = checkWorkerProcesses(log);
    await handleWorkerHeartbeat('elsewhere', log);
    assert.deepEqual(await check, []);
    await client.query("update pulp.worker set last_heartbeat = last_heartbeat - interval '1 hour'");
    assert.deepEqual(await checkWorkerProcesses(log), ['elsewhere']);
    await assert.rejects(
      markWorkerOnline('../elsewhere'),
      (error) => error instanceof PulpError && error.code === 'INVALID_INPUT',
    );
  });

  test('goes on, as do the signs of life, while task code holds up the event loop of its worker', async () => {
    using _ttl = shortTtl();
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'busy' });
    await until(async () => (await listWorkers())[0]?.leads === true);
    await using client = await connect(engine.database.url);
    await client.query(`select pulp.mark_worker_online('silent')`);
    // In this process, so that nothing in it but the thread can have acted before the code returned.
    const handle = await enqueueWithReservation(tasks.block, [], { kwargs: { ms: 4000 } });
    await handle.wait({ timeout: 20_000 });
    const { rows } = await client.query<{ at: Date }>(
      `select recorded_at as at from pulp.event where stream_id = 'silent' and type = 'WorkerMissing'`,
    );
    const [missing] = rows;
    const { started_at, finished_at } = await handle.read();
    assert.ok(missing !== undefined && started_at !== null && finished_at !== null);
    assert.ok(missing.at < finished_at);
  });

  test('is taken over at once from a leader that is gone, and from a made one by a stand-in only then', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const ordinary = await engine.worker({ name: 'ordinary' });
    await until(async () => (await listWorkers()).some(({ name, leads }) => leads && name === ordinary.name));
    const made = await engine.worker({ name: 'resource-manager@test' });
    await until(async () => (await listWorkers()).some(({ name, leads }) => leads && name === made.name));

    await using client = await connect(engine.database.url);
    const elections = async () => {
      const { rows } = await client.query<{ worker: string }>(
        `select data ->> 'worker' as worker from pulp.event where type = 'LeaderElected' order by position`,
      );
      return rows.map(({ worker }) => worker);
    };
    await client.query('select pg_terminate_backend(backend_pid) from pulp.leader');
    await until(async () => (await elections()).length === 3);
    await engine.stop(made);
    await until(async () => (await listWorkers()).some(({ name, leads }) => leads && name === ordinary.name));
    assert.deepEqual(await elections(), ['ordinary', made.name, made.name, 'ordinary']);
    assert.deepEqual(await engine.violations(), []);
  });
});

suite('a shutdown', { timeout: 60_000 }, () => {
  test('is clean if what ran has finished, and is recorded so', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker();
    const handle = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 300 } });
    await until(async () => (await handle.read()).state === 'running');
    worker.stop({ deadlineMs: 10_000 });
    await engine.stop(worker);
    assert.equal((await handle.read()).state, 'completed');
    const [record] = await listWorkers();
    assert.deepEqual([record?.state, record?.gracefully_stopped], ['offline', true]);
    assert.deepEqual(await engine.violations(), []);
  });
});
