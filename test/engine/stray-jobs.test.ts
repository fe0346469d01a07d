import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase } from '../support/database.ts';

/** Jobs that no enqueue delivered, beside one task that is over and one that waits. */
const STRAY_JOBS: Readonly<Record<string, string>> = {
  'of no task': `insert into pulp_boss.job (name, data) values ('default', '{"name": "t"}')`,
  'of a task that is over': `insert into pulp_boss.job (name, id, data)
    select 'default', id, '{"name": "t"}' from pulp.task where state = 'completed'`,
  'in another queue than its task': `insert into pulp_boss.job (name, id, data)
    select 'other', id, '{"name": "t"}' from pulp.task where state = 'waiting'`,
};

for (const [what, insert] of Object.entries(STRAY_JOBS)) {
  test(`a stray job ${what} holds up nobody, starts nothing, and is told of`, async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows: born } = await client.query<{ incarnation: string }>(
      `select pulp.worker_online('w', 'localhost', 1, '{other,default}', 10,
         '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry"}]') as incarnation`,
    );
    const incarnation = born[0]?.incarnation;
    const start = async () => {
      const { rows } = await client.query<{ id: string; attempt: number; fence: string }>(
        `select id, attempt, fence from pulp.start('w', $1, '{other,default}', '{t}', 10)`,
        [incarnation],
      );
      return rows;
    };
    const finish = (runs: readonly object[]) =>
      client.query(`select pulp.finish('w', $1, $2)`, [
        incarnation,
        JSON.stringify(runs.map((run) => ({ ...run, outcome: 'completed' }))),
      ]);

    await client.query(`select pulp.enqueue('t'), pulp_boss.create_queue('other', '{"policy": "standard"}')`);
    await finish(await start());
    const { rows: enqueued } = await client.query<{ id: string }>(
      `select pulp.enqueue('t', resources => '{/a/}') as id`,
    );
    await client.query('select pulp.grant_reservations()');
    await client.query(insert);

    const runs = await start();
    assert.deepEqual(
      runs.map((run) => run.id),
      enqueued.map((task) => task.id),
    );
    await finish(runs);
    assert.deepEqual(await start(), []);
    const { violations } = await verify(database.url);
    assert.deepEqual(
      violations.map(({ rule }) => rule),
      ['jobs_of_tasks'],
    );
  });
}
