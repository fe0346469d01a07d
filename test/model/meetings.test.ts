import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import type { Run } from './engine-under-test.ts';

test('a finish that meets a cancel waits for nobody, and goes through when that is over', async () => {
  await using database = await createDatabase();
  await using caller = await connect(database.url);
  await using worker = await connect(database.url);
  const incarnation = await bear(worker);
  const task = await enqueue(caller);
  const [run] = await start(worker, incarnation);

  await caller.query('begin');
  await caller.query('select pulp.cancel($1)', [task]);
  assert.deepEqual(await finish(worker, incarnation, run), []);
  await caller.query('commit');

  assert.deepEqual(await finish(worker, incarnation, run), [{ id: task, state: 'canceled' }]);
  const { rows } = await caller.query('select state from pulp.task');
  assert.deepEqual(rows, [{ state: 'canceled' }]);
  assert.deepEqual(await checkLog(caller), []);
});

test('a start that fails leaves its session without locks', async () => {
  await using database = await createDatabase();
  await using caller = await connect(database.url);
  await using worker = await connect(database.url);
  const incarnation = await bear(worker);
  const task = await enqueue(caller);
  await caller.query('select pulp.grant_reservations()');

  await caller.query('begin');
  await caller.query('select from pulp.task where id = $1 for update', [task]);
  await worker.query("set lock_timeout = '10ms'");
  await assert.rejects(start(worker, incarnation), { code: '55P03' });
  await caller.query('rollback');
  assert.deepEqual(await checkLog(caller), []);
});

async function bear(worker: Client): Promise<string> {
  const { rows } = await worker.query<{ incarnation: string }>(`
    select pulp.worker_online('w', 'localhost', 1, '{default}', 1,
      '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`);
  return rows[0]?.incarnation ?? '';
}

async function enqueue(caller: Client): Promise<string> {
  const { rows } = await caller.query<{ id: string }>(`select pulp.enqueue('t', resources => '{/a/}') as id`);
  await caller.query('select pulp.grant_reservations()');
  return rows[0]?.id ?? '';
}

async function start(worker: Client, incarnation: string): Promise<Run[]> {
  const { rows } = await worker.query<Run>(
    `select id, attempt, fence from pulp.start('w', $1, '{default}', '{t}', 1)`,
    [incarnation],
  );
  return rows;
}

/** Gives what was recorded. */
async function finish(worker: Client, incarnation: string, run: Run | undefined): Promise<object[]> {
  const items = JSON.stringify([{ ...run, outcome: 'completed' }]);
  const { rows } = await worker.query<object>('select * from pulp.finish($1, $2, $3)', [
    'w',
    incarnation,
    items,
  ]);
  return rows;
}
