import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test, { suite } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import {
  cancel,
  enqueueMany,
  enqueueWithReservation,
  listWorkers,
  MissingResourceError,
  readHistory,
  type Task,
} from '../../src/index.ts';
import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** Long enough for any task here on a busy machine; a failure then says what it waited for. */
const PATIENCE = { timeout: 20_000 };

suite('a worker', () => {
  test('runs tasks in horses and inline, and records what they return', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const handles = await enqueueMany([
      { task: tasks.double, kwargs: { number: 21 } },
      { task: tasks.doubleInline, kwargs: { number: 4 } },
    ]);
    const [horse, inline] = await Promise.all(handles.map((handle) => handle.wait(PATIENCE)));
    assert.deepEqual([horse?.state, horse?.result], ['completed', { doubled: 42 }]);
    assert.deepEqual([inline?.state, inline?.result], ['completed', { doubled: 8 }]);
    assert.deepEqual(await engine.violations(), []);
  });

  test('gives a task a directory of its own, as current directory, gone afterwards; the horse stays warm', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker({ concurrency: 1 });
    const results = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const task = await (await enqueueWithReservation(tasks.whereAmI, [])).wait(PATIENCE);
      const result = task.result as {
        cwd: string;
        workingDirectory: string;
        task: string;
        worker: string;
        pid: number;
      };
      assert.equal(result.cwd, result.workingDirectory);
      assert.equal(result.task, task.id);
      assert.equal(result.worker, worker.name);
      assert.equal(existsSync(result.workingDirectory), false);
      results.push(result);
    }
    assert.equal(results[0]?.pid, results[1]?.pid);
  });

  test('records the last report of a task, however soon it ends then', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const handles = await enqueueMany([{ task: tasks.reports }, { task: tasks.reportsInline }]);
    for (const handle of handles) assert.equal((await handle.wait(PATIENCE)).progress, 'last');
    assert.deepEqual(await engine.violations(), []);
  });

  test('replaces a horse after maxTasksPerHorse', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ concurrency: 1, maxTasksPerHorse: 1 });
    const pids = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const task = await (await enqueueWithReservation(tasks.whereAmI, [])).wait(PATIENCE);
      pids.push((task.result as { pid: number }).pid);
    }
    assert.notEqual(pids[0], pids[1]);
  });

  for (const bytes of [0, 2 ** 21]) {
    test(`replaces it after a hundred where nothing was set, unless they are short and leave no memory behind: ${bytes} bytes`, async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await engine.worker({ concurrency: 1 });
      const handles = await enqueueMany(
        Array.from({ length: 250 }, () => ({ task: tasks.keeps, kwargs: { bytes } })),
      );
      const pids = new Set<unknown>();
      for (const handle of handles) pids.add((await handle.wait(PATIENCE)).result);
      assert.equal(pids.size === 3, bytes > 0, `${pids.size} horses`);
    });
  }

  test('records why a task failed: name, message, stack and cause', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const { state, error } = await (await enqueueWithReservation(tasks.fail, [])).wait(PATIENCE);
    assert.equal(state, 'failed');
    const described = error as { name: string; message: string; stack: string; cause: { message: string } };
    assert.equal(described.name, 'RangeError');
    assert.equal(described.message, 'out of range');
    assert.match(described.stack, /tasks\.ts/);
    assert.equal(described.cause.message, 'the deeper reason');
  });

  test('fails a task whose horse exits, whose result is no JSON or whose time is up, and goes on', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const ends = await Promise.all([
      ended(enqueueWithReservation(tasks.exit, [])),
      ended(enqueueWithReservation(tasks.badResult, [])),
      ended(enqueueWithReservation(tasks.untilAborted, [], { timeout: '300ms' })),
      ended(enqueueWithReservation(tasks.stubborn, [], { timeout: 0.3 })),
    ]);
    assert.deepEqual(
      ends.map(({ state }) => state),
      ['failed', 'failed', 'failed', 'failed'],
    );
    const codes = ends.map(({ error }) => (error as { code: string }).code);
    assert.deepEqual(codes, ['HORSE_DIED', 'INVALID_INPUT', 'TIMEOUT', 'TIMEOUT']);
    assert.match((ends[0]?.error as { message: string }).message, /code 7/);
    assert.match((ends[1]?.error as { message: string }).message, /result\.size/);
    const after = await ended(enqueueWithReservation(tasks.double, [], { kwargs: { number: 1 } }));
    assert.equal(after.state, 'completed');
    assert.deepEqual(await engine.violations(), []);
  });

  test('tries a failed run again after a pause, and counts its attempts', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const options = { kwargs: { attempt: 2 }, retries: 1 };
    const [free, claiming] = await Promise.all([
      ended(enqueueWithReservation(tasks.failUntil, [], options)),
      ended(enqueueWithReservation(tasks.failUntil, ['/retried/'], options)),
    ]);
    for (const task of [free, claiming]) {
      assert.deepEqual([task.state, task.attempt, task.result], ['completed', 2, 2]);
    }
    const types = (await readHistory(claiming.id)).map(({ type }) => type);
    assert.deepEqual(types, [
      ...['TaskEnqueued', 'ReservationGranted', 'TaskStarted', 'ReservationReleased', 'TaskRetryScheduled'],
      ...['TaskDue', 'ReservationGranted', 'TaskStarted', 'ReservationReleased', 'TaskCompleted'],
    ]);
    assert.deepEqual(await engine.violations(), []);
  });

  test('records the parent and the correlation of a task that a task enqueues', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const parent = await ended(enqueueWithReservation(tasks.spawns, [], { correlationId: 'request 7' }));
    assert.equal(parent.state, 'completed', JSON.stringify(parent.error));
    await using client = await connect(engine.database.url);
    const { rows } = await client.query('select parent_id, correlation_id from pulp.task where id = $1', [
      parent.result,
    ]);
    assert.deepEqual(rows, [{ parent_id: parent.id, correlation_id: 'request 7' }]);
  });

  test('takes its name alone: a second worker of that name is refused', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ name: 'one@%h' });
    await assert.rejects(engine.worker({ name: 'one@%h' }), { code: 'WORKER_NAME_TAKEN' });
  });

  test('finishes what runs on a warm shutdown, and takes nothing new', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker({ concurrency: 1 });
    const running = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 300 } });
    const waiting = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 0 } });
    await until(async () => (await running.read()).state === 'running');
    await engine.stop();
    assert.equal((await running.read()).state, 'completed');
    assert.equal((await waiting.read()).state, 'waiting');
    const [worker] = await listWorkers();
    assert.deepEqual([worker?.state, worker?.gracefully_stopped], ['offline', true]);
    assert.deepEqual(readdirSync(process.env['PULP_WORKING_DIRECTORY'] ?? ''), []);
  });

  test('attaches a new session when it loses one: its runs go on, and what waits for them waits on', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker();
    const running = await enqueueWithReservation(tasks.untilAborted, ['/kept/']);
    await until(async () => (await running.read()).progress !== null);
    const brief = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 1000 } });
    await until(async () => (await brief.read()).state === 'running');
    await using client = await connect(engine.database.url);
    const end = 'select pg_terminate_backend(backend_pid) from pulp.worker where name = $1';
    await client.query(end, [worker.name]);
    const behind = await enqueueWithReservation(tasks.doubleInline, ['/kept/'], { kwargs: { number: 1 } });
    assert.equal((await brief.wait(PATIENCE)).state, 'completed');
    await until(async () => (await historyOf(client, worker.name)).includes('WorkerAttached'));
    assert.deepEqual([(await running.read()).state, (await behind.read()).state], ['running', 'waiting']);
    await client.query(end, [worker.name]);
    await running.cancel();
    assert.equal((await running.wait(PATIENCE)).state, 'canceled');
    assert.equal((await behind.wait(PATIENCE)).state, 'completed');
    assert.deepEqual(
      (await historyOf(client, worker.name)).filter((type) => type !== 'WorkerAttached'),
      ['WorkerOnline', 'WorkerAble'],
    );
    assert.deepEqual(await engine.violations(), []);
  });

  test('whose background thread fails has another one: its runs go on, and meanwhile it takes nothing new', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const threads: Worker[] = [];
    const note = (thread: Worker) => threads.push(thread);
    process.on('worker', note);
    const worker = await engine.worker();
    const running = await enqueueWithReservation(tasks.untilAborted, ['/kept/']);
    await until(async () => (await running.read()).progress !== null);
    await threads[0]?.terminate();
    await until(() => threads.length === 2);
    process.off('worker', note);
    const next = await enqueueWithReservation(tasks.doubleInline, [], { kwargs: { number: 1 } });
    assert.equal((await next.wait(PATIENCE)).state, 'completed');
    assert.equal((await running.read()).state, 'running');
    await running.cancel();
    assert.equal((await running.wait(PATIENCE)).state, 'canceled');
    await using client = await connect(engine.database.url);
    assert.deepEqual(await historyOf(client, worker.name), [
      'WorkerOnline',
      'WorkerAble',
      'WorkerUnable',
      'WorkerAble',
    ]);
    assert.deepEqual(await engine.violations(), []);
  });

  test('ends its runs when it is declared missing, and registers anew', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker();
    const lost = await enqueueWithReservation(tasks.untilAborted, ['/lost/']);
    await until(async () => (await lost.read()).progress !== null);
    await using client = await connect(engine.database.url);
    await client.query('select pulp.mark_worker_offline($1)', [worker.name]);
    const after = await enqueueWithReservation(tasks.doubleInline, ['/lost/'], { kwargs: { number: 1 } });
    assert.equal((await after.wait(PATIENCE)).state, 'completed');
    assert.equal((await lost.read()).state, 'canceled');
    assert.deepEqual(await engine.violations(), []);
  });
});

/** What happened to a worker, in order. */
async function historyOf(client: Client, worker: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ type: string }>(
    `select type from pulp.event where stream_kind = 'worker' and stream_id = $1 order by version`,
    [worker],
  );
  return rows.map(({ type }) => type);
}

suite('cancel', () => {
  test('ends a waiting task at once, and those behind it move up', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const first = await enqueueWithReservation(tasks.hold, ['/c/'], { kwargs: { ms: 0 } });
    const second = await enqueueWithReservation(tasks.hold, ['/c/'], { kwargs: { ms: 0 } });
    assert.equal(await first.cancel('not needed'), 'canceled');
    const canceled = await first.read();
    assert.deepEqual(
      [canceled.state, canceled.cancel_reason, canceled.started_at],
      ['canceled', 'not needed', null],
    );
    await engine.worker();
    assert.equal((await second.wait(PATIENCE)).state, 'completed');
    assert.deepEqual(await engine.violations(), []);
  });

  test('ends running code by its signal, and kills code that is deaf', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const [willing, deaf] = await Promise.all([
      enqueueWithReservation(tasks.untilAborted, ['/w/']),
      enqueueWithReservation(tasks.stubborn, ['/d/']),
    ]);
    await until(
      async () => (await willing.read()).progress !== null && (await deaf.read()).progress !== null,
    );
    assert.equal(await willing.cancel(), 'canceling');
    assert.equal(await deaf.cancel(), 'canceling');
    assert.equal((await willing.wait(PATIENCE)).state, 'canceled');
    assert.equal((await deaf.wait(PATIENCE)).state, 'canceled');
    assert.equal(await willing.cancel(), 'canceled');
    assert.deepEqual(await engine.violations(), []);
  });

  test('in a transaction that is not over holds up the end of its own task alone, and wins', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const held = await enqueueWithReservation(tasks.hold, ['/held/'], { kwargs: { ms: 200 } });
    await until(async () => (await held.read()).state === 'running');
    await using client = await connect(engine.database.url);
    await client.query('begin');
    await client.query('select pulp.cancel($1)', [held.id]);
    const other = await enqueueWithReservation(tasks.doubleInline, [], { kwargs: { number: 1 } });
    await other.wait(PATIENCE);
    const later = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 300 } });
    assert.equal((await later.wait(PATIENCE)).state, 'completed');
    assert.equal((await held.read()).state, 'running');
    await client.query('commit');
    assert.equal((await held.wait(PATIENCE)).state, 'canceled');
    assert.deepEqual(await engine.violations(), []);
  });

  test('of a task that is over is logged, and changes nothing', async () => {
    await using _ = await Engine.create(TASKS_FILE);
    const task = await enqueueWithReservation('t', [], { unchecked: true });
    const lines: string[] = [];
    const keep = (_fields: object, message: string) => lines.push(message);
    const log = { info: keep, warn: keep, error: keep };
    assert.equal(await cancel(task.id, 'first', { log }), 'canceled');
    assert.deepEqual(lines, []);
    assert.equal(await cancel(task.id, 'second', { log }), 'canceled');
    assert.deepEqual(lines, [`task ${task.id} is canceled already: it stays so`]);
    assert.equal((await task.read()).cancel_reason, 'first');
  });

  test('refuses a task that is not there', async () => {
    await using _ = await Engine.create(TASKS_FILE);
    await assert.rejects(cancel('00000000-0000-7000-8000-000000000000'), MissingResourceError);
    await assert.rejects(cancel('no id at all'), MissingResourceError);
  });
});

suite('serialisation', () => {
  test('holds for tasks that contend, across workers', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await Promise.all([engine.worker({ concurrency: 8 }), engine.worker({ name: 'other', concurrency: 8 })]);
    const handles = await enqueueMany(
      Array.from({ length: 120 }, (_, index) => ({
        task: tasks.hold,
        kwargs: { ms: index % 4 },
        resources: index % 3 === 0 ? [`/a/${index % 2}/`] : index % 5 === 0 ? ['/a/0/', '/a/1/'] : [],
        sharedResources: index % 3 === 1 ? ['/a/0/'] : [],
      })),
    );
    const ends = await Promise.all(handles.map((handle) => handle.wait(PATIENCE)));
    assert.equal(ends.filter(({ state }) => state === 'completed').length, 120);
    assert.deepEqual(await engine.violations(), []);
  });
});

async function ended(
  enqueued: Promise<{ wait(options: { timeout: number }): Promise<Task> }>,
): Promise<Task> {
  return (await enqueued).wait(PATIENCE);
}
