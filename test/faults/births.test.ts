import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { present } from './workers.ts';

test('a worker that is born while the last one of its name is given up is left alone', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using watcher = await connect(database.url);
  for (const name of ['first', 'second']) {
    await using lost = await connect(database.url);
    await beBorn(lost, name);
  }
  await eventually('both sessions are gone', async () => (await present(client)).length === 0);

  // The watcher has seen that both are gone, and is held up at the first.
  await using holder = await connect(database.url);
  await holder.query(`begin; select from pulp.worker where name = 'first' for update`);
  const watch = watcher.query('select pulp.check_worker_processes(30)');
  await eventually('the watcher waits', async () => {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%check_worker_processes%' and pid <> pg_backend_pid()`,
    );
    return rowCount !== 0;
  });
  await using reborn = await connect(database.url);
  await beBorn(reborn, 'second');
  await holder.query('commit');
  await watch;
  assert.deepEqual(await present(client), ['second']);
});

async function beBorn(session: Client, name: string): Promise<void> {
  await session.query(`select pulp.worker_online($1, 'localhost', 1, '{default}', 1, '[]')`, [name]);
}
