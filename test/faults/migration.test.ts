import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import type { Client } from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { undoBatches } from '../support/before-batches.ts';
import { openHistory, runTasks } from '../support/history.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { until } from '../support/until.ts';

/** How many tasks have run: PULP_MIGRATION_TASKS=200000 for a large log. */
const TASKS = Number(process.env['PULP_MIGRATION_TASKS'] ?? 2000);

/** After how many statements that change the schema the migrating process is killed. */
const MOMENTS = [1, 3, 10, 60, 250];

/** The lock for which a migration that is to be killed waits. */
const STOP = 77_000_001;

const MIGRATE = fileURLToPath(new URL('../../src/postgres/migrate.ts', import.meta.url));

test('a migration that is killed at any moment leaves the log as it was, and the next one ends it', async () => {
  await using history = await openHistory();
  const { client, database } = history;
  await runTasks(client, TASKS);
  await unpackBatches(client);
  await undoBatches(client);
  const before = await picture(client);
  await stopAfterStatements(client);

  for (const moment of MOMENTS) {
    await client.query(`select setval('statements_left', $1)`, [moment + 1]);
    await client.query('select pg_advisory_lock($1)', [STOP]);
    const migrating = spawn(process.execPath, [
      ...['--input-type=module', '--eval'],
      `import { migrate } from ${JSON.stringify(MIGRATE)}; await migrate(${JSON.stringify(database.url)})`,
    ]);
    const ended = once(migrating, 'exit');
    await until(async () => (await waiting(client)).length > 0);
    const [backend] = await waiting(client);
    migrating.kill('SIGKILL');
    assert.deepEqual(await ended, [null, 'SIGKILL'], `it got as far as statement ${moment}`);
    await client.query('select pg_advisory_unlock($1)', [STOP]);
    // The server finds out by itself that nobody is there any more, at the latest when it has done what it was told.
    await until(async () => !(await isThere(client, backend)));
    assert.deepEqual(await picture(client), before, `as before, killed at statement ${moment}`);
  }

  await client.query('drop event trigger stop_after_statements');
  assert.ok((await migrate(database.url)).applied.includes('migrations/019_event_batches.sql'));
  assert.deepEqual((await verify(database.url)).violations, []);
  assert.deepEqual(await picture(client), before, 'what the log and the tables tell is what they told');
  await runTasks(client, 500);
  assert.deepEqual((await verify(database.url)).violations, []);
});

/** What a reader sees: how many tasks are in which state, and the log's extent. */
async function picture(client: Client): Promise<object> {
  const { rows } = await client.query<object>(`
    select (select jsonb_object_agg(state, tasks) from (select state, count(*) as tasks from pulp.task group by state) s) as states,
      (select count(*) from pulp.event) as events, (select max(position) from pulp.event) as last,
      (select count(distinct stream_id) from pulp.event) as streams,
      (select md5(string_agg(t::text, '' order by t.id)) from pulp.task t) as tasks`);
  return rows[0] ?? {};
}

/** The backends that wait where the migration is stopped. */
async function waiting(client: Client): Promise<readonly number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and not granted and objid = $1`,
    [STOP],
  );
  return rows.map(({ pid }) => pid);
}

async function isThere(client: Client, backend: number | undefined): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_stat_activity where pid = $1', [backend]);
  return rowCount !== 0;
}

/** Has whoever changes the schema wait for a lock when the sequence `statements_left` comes to its end. */
async function stopAfterStatements(client: Client): Promise<void> {
  await client.query(`
    create sequence statements_left increment by -1 minvalue -1000000 maxvalue 1000000;
    create function stop_after_statements() returns event_trigger language plpgsql as $$
    begin
      if nextval('statements_left') = 0 then
        perform pg_advisory_lock(${STOP});
      end if;
    end $$;
    create event trigger stop_after_statements on ddl_command_end execute function stop_after_statements()`);
}
