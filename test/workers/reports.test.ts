import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation, listTasks, type TaskHandle } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { CommandLine } from '../cli/command-line.ts';
import * as tasks from './reports-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./reports-tasks.ts', import.meta.url));

const PATIENCE = { timeout: 30_000 };

suite('what the code of a task reports', () => {
  test('is one row for each code, and one for each thing that it has created', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await engine.worker();
    for (const type of [tasks.syncs, tasks.syncsInline]) {
      const task = await enqueueWithReservation(type.name, [], { unchecked: true, group: 'g' });
      const { reported, state, progress } = await task.wait(PATIENCE);
      assert.deepEqual([state, progress], ['completed', { done: 3 }]);
      assert.deepEqual(reported, {
        reports: [
          {
            ...{ code: 'sync.downloading', message: 'Downloading', state: 'completed' },
            ...{ total: 3, done: 3, suffix: 'files' },
          },
          {
            ...{ code: 'sync.skipped', message: 'Nothing to prune', state: 'skipped' },
            ...{ total: null, done: 0, suffix: null },
          },
        ],
        created: ['/repositories/1/versions/1/', '/content/7/', '/repositories/1/versions/2/'],
      });
      const { rows: reports } = await client.query(
        'select code, done from pulp.progress_report where task_id = $1 order by number',
        [task.id],
      );
      assert.deepEqual(reports, [
        { code: 'sync.downloading', done: 3 },
        { code: 'sync.skipped', done: 0 },
      ]);
      const { rows: created } = await client.query(
        'select resource from pulp.created_resource where task_id = $1 and number = 2',
        [task.id],
      );
      assert.deepEqual(created, [{ resource: '/content/7/' }]);
    }
    const { rows: sums } = await client.query(
      `select code, state, total, done, tasks::integer from pulp.group_progress('g') order by code`,
    );
    assert.deepEqual(sums, [
      { code: 'sync.downloading', state: 'completed', total: 6, done: 6, tasks: 2 },
      { code: 'sync.skipped', state: 'skipped', total: null, done: 0, tasks: 2 },
    ]);
    const pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
    const shown = await pulp.run(['group', 'show', 'g']);
    assert.match(shown.stdout, /^Downloading: 6\/6 files \(completed\)$/m);
    await pulp[Symbol.asyncDispose]();
    const found = await listTasks({ created: '/content/7/', limit: 10 });
    assert.deepEqual(found.map(({ name }) => name).sort(), [tasks.syncsInline.name, tasks.syncs.name]);
    await assertSound(engine.database.url);
  });

  test('is told to the type where a task has failed, was canceled, or its worker was lost', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker();
    const failed = await enqueueWithReservation(tasks.fails, []);
    assert.equal((await failed.wait(PATIENCE)).state, 'failed');
    assert.deepEqual(await toldOf(failed), [
      { task: failed.id, state: 'failed', created: ['/uploads/1/'], attempt: 1 },
    ]);
    assert.deepEqual(
      (await failed.read()).reported?.reports?.map(({ state }) => state),
      ['failed'],
    );

    const canceled = await enqueueWithReservation(tasks.fails, [], { kwargs: { hangs: true } });
    await until(async () => (await canceled.read()).progress === 'created');
    await canceled.cancel();
    await canceled.wait(PATIENCE);
    assert.deepEqual(await toldOf(canceled), [
      { task: canceled.id, state: 'canceled', created: ['/uploads/1/'], attempt: 1 },
    ]);

    await engine.stop(worker);
    await using pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
    const other = await pulp.worker('--tasks', TASKS_FILE);
    const lost = await enqueueWithReservation(tasks.fails, [], { kwargs: { hangs: true } });
    await until(async () => (await lost.read()).reported?.created !== undefined);
    other.process.kill('SIGKILL');
    await engine.worker();
    await lost.wait(PATIENCE);
    assert.deepEqual(await toldOf(lost), [
      { task: lost.id, state: 'canceled', created: ['/uploads/1/'], attempt: 1 },
    ]);
    await assertSound(engine.database.url);
  });

  test('is refused in the code if it is no report', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const task = await enqueueWithReservation(tasks.misreports, []);
    const { state, error } = await task.wait(PATIENCE);
    assert.equal(state, 'failed');
    assert.match((error as Error).message, /^report: .*done/s);
  });

  test('is recorded as far as it is in its form, and no other report is concerned', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using worker = await WorkerSession.open(engine.database.url);
    const ids = [await worker.enqueue(), await worker.enqueue(), await worker.enqueue()];
    const runs = await worker.start(3);
    const good = { code: 'a', message: 'A', state: 'running', done: 1 };
    const reports = [[good], [{ ...good, done: 'one' }], [good, good]];
    const verdicts = await worker.progress(
      runs.map((run) => ({ ...run, reports: reports[ids.indexOf(run.id)], created: ['/b/', 7] })),
    );
    assert.deepEqual(verdicts, []);
    const { rows } = await worker.client.query<{ id: string; reported: unknown }>(
      'select id, reported from pulp.task where reported is not null',
    );
    assert.deepEqual(rows, [{ id: ids[0], reported: { reports: [good] } }]);
    // A new run has reported nothing.
    await worker.finish(runs.map((run) => ({ ...run, outcome: 'completed', result: null })));
    await assertSound(engine.database.url);
  });
});

/** The results of the tasks that told a type what a task has abandoned. */
async function toldOf({ id }: TaskHandle): Promise<unknown[]> {
  const find = () => listTasks({ parent: id, limit: 10 });
  await until(async () => (await find()).some(({ state }) => state === 'completed'));
  const told = await find();
  assert.deepEqual(
    told.map(({ exclusive_resources }) => exclusive_resources),
    [['/uploads/1/']],
  );
  return told.map(({ result }) => result);
}

async function assertSound(url: string): Promise<void> {
  await using client = await connect(url);
  assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
}
