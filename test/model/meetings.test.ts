import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import type { Run } from './engine-under-test.ts';

test('a finish that meets a cancel goes through, at the latest when it is repeated', async () => {
  await using database = await createDatabase();
  await using caller = await connect(database.url);
  await using worker = await connect(database.url);
  const incarnation = await bear(worker);
  const task = await enqueue(caller);
  const [run] = await start(worker, incarnation);

  await caller.query('begin');
  await caller.query('select pulp.cancel($1)', [task]);
  const finishing = finish(worker, incarnation, run);
  await blocked(caller, worker);
  await caller.query('commit');

  const first = await finishing;
  assert(first === 'done' || first === '40001', `the finish failed with ${first}`);
  if (first !== 'done') assert.equal(await finish(worker, incarnation, run), 'done');
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

/** Gives the code of the error, if there is one. */
async function finish(worker: Client, incarnation: string, run: Run | undefined): Promise<string> {
  const items = JSON.stringify([{ ...run, outcome: 'completed' }]);
  return worker.query(`select pulp.finish('w', $1, $2)`, [incarnation, items]).then(
    () => 'done',
    (error: unknown) => (error as { readonly code: string }).code,
  );
}

/** Resolves when a client waits for this one. */
async function blocked(by: Client, client: Client): Promise<void> {
  const pid = Reflect.get(client, 'processID') as number;
  for (let waits = false; !waits;) {
    const { rows } = await by.query<{ waits: boolean }>(
      'select pg_backend_pid() = any (pg_blocking_pids($1)) as waits',
      [pid],
    );
    waits = rows[0]?.waits === true;
  }
}
