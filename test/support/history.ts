import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { connect, createDatabase, type TestDatabase } from './database.ts';

/** A database with a history (see `makeHistory`), and the clients that made it. */
export interface History extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly client: Client;
  readonly worker: Client;
}

/** `await using history = await openHistory()`. */
export async function openHistory(): Promise<History> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await createDatabase());
  const worker = opened.use(await connect(database.url));
  const client = opened.use(await connect(database.url));
  await makeHistory(client, worker);
  const kept = opened.move();
  return { database, client, worker, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * Tasks in every place that a task can be in, a worker with a run in hand whose session is the second client, and a leader;
 * `pg_temp.id` gives the tasks' ids by name to the first client.
 */
async function makeHistory(client: Client, worker: Client): Promise<void> {
  await client.query(`
    set pulp.actor = 'connection 1';
    create function pg_temp.id(named text) returns text language sql as
      $$ select id::text from pulp.task where kwargs ->> 'name' = named $$`);
  const { rows } = await worker.query<{ incarnation: string }>(`
    select pulp.worker_online('w', 'localhost', 1, '{default}', 1,
      '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`);
  const incarnation = rows[0]?.incarnation ?? '';
  await worker.query(`select pulp.stand_for_election('w', false)`);

  const enqueue = (name: string, exclusive: string[], shared: string[] = [], options: object = {}) =>
    client.query(`select pulp.enqueue('t', '[]', jsonb_build_object('name', $1::text), $2, $3, $4)`, [
      name,
      exclusive,
      shared,
      options,
    ]);
  const grant = () => client.query('select pulp.grant_reservations()');
  const run = async (outcome?: string) => {
    const started = await worker.query<{ id: string; attempt: number; fence: string }>(
      `select * from pulp.start('w', $1, '{default}', '{t}', 1)`,
      [incarnation],
    );
    assert.equal(started.rows.length, 1);
    if (outcome === undefined) return;
    const items = JSON.stringify(
      started.rows.map(({ id, attempt, fence }) => ({ id, attempt, fence, outcome })),
    );
    await worker.query(`select pulp.finish('w', $1, $2)`, [incarnation, items]);
  };

  await enqueue('first', ['/a/'], ['/b/']);
  await enqueue('second', ['/a/']);
  await enqueue('third', [], ['/a/']);
  await grant();
  await run('completed');
  await grant();
  await run();
  await enqueue('tried twice', [], [], { retries: 1 });
  await run('failed');
  await client.query('update pulp.deferred set due_at = now()');
  await grant();
  await run('completed');
  await enqueue('canceled', ['/a/']);
  await client.query(`select pulp.cancel(pg_temp.id('canceled')::uuid)`);
  await enqueue('later', ['/a/'], [], { delay: '1h' });
  await enqueue('free', []);
  await enqueue('granted', ['/c/']);
  await enqueue('many', ['/c/', '/d/']);
  await grant();
  await client.query(`select pulp.heartbeat('{w}', array[$1::bigint])`, [incarnation]);
  await enqueue('new', ['/e/']);
}

/**
 * Enqueues, grants and runs so many tasks to their ends, half of them with claims, by a worker that ends with it: about four
 * events a task. Each batch of 500 is a transaction of each step.
 */
export async function runTasks(client: Client, count: number): Promise<void> {
  await client.query(`
    create or replace procedure pg_temp.run_tasks(tasks integer, batch integer) language plpgsql as $$
    declare
      incarnation bigint;
      started jsonb;
    begin
      incarnation := pulp.worker_online('filler', 'localhost', 1, '{default}', batch,
        '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]');
      for done in 0..tasks - 1 by batch loop
        perform pulp.enqueue_batch((
          select jsonb_agg(jsonb_build_object('name', 't', 'kwargs', jsonb_build_object('number', i),
            'resources', case when i % 2 = 0 then jsonb_build_array('/repositories/' || i % 5000 || '/') else '[]' end,
            'shared_resources', case when i % 4 = 0 then jsonb_build_array('/content/' || i % 50 || '/') else '[]' end))
          from generate_series(done, least(done + batch, tasks) - 1) i));
        commit;
        loop
          perform pulp.grant_reservations();
          commit;
          select jsonb_agg(jsonb_build_object('id', s.id, 'attempt', s.attempt, 'fence', s.fence,
              'outcome', case when s.kwargs ->> 'number' like '%7' then 'failed' else 'completed' end,
              'result', jsonb_build_object('packages', 12), 'error', jsonb_build_object('message', 'no')))
            into started from pulp.start('filler', incarnation, '{default}', '{t}', batch) s;
          commit;
          exit when started is null;
          perform pulp.finish('filler', incarnation, started);
          commit;
        end loop;
      end loop;
      perform pulp.worker_offline('filler', incarnation, true);
      commit;
    end $$`);
  await client.query(`call pg_temp.run_tasks(${count}, 500)`);
}
