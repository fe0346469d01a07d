import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { parseEvent, type UnparsedEvent } from '../../src/events/event.ts';
import { EVENT_TYPES } from '../../src/events/event-types.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { claimKey, foldLog, type LoggedEvent, type Row, type World } from '../model/fold.ts';
import { instantOrNull } from '../model/instant.ts';
import { undoBatches } from '../support/before-batches.ts';
import { connect, createDatabase } from '../support/database.ts';
import { runTasks } from '../support/history.ts';

/**
 * Events as they were once written, in every shape that there is, and the state that they tell. They are only ever added
 * to: if one of these tests fails, the logs of those who use this package cannot be read any more.
 */
const log = (await readFile(new URL('./golden/events.ndjson', import.meta.url), 'utf8'))
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as LoggedEvent & UnparsedEvent);
const state = JSON.parse(
  await readFile(new URL('./golden/state.json', import.meta.url), 'utf8'),
) as GoldenState;

/** Rows by what names them. */
type GoldenState = Readonly<Record<keyof World, Readonly<Record<string, Row>>>>;

suite('events that were written once', () => {
  test('are of every type, and can be read', () => {
    const parsed = log.map((event) => parseEvent(event));
    assert.deepEqual(
      parsed.map(({ data }) => data),
      log.map(({ type, schema_version, data }) =>
        type === 'WorkerHeartbeat' && schema_version === 1 ? { ...data, decided: null } : data,
      ),
    );
    assert.deepEqual(new Set(parsed.map(({ type }) => type)), new Set(Object.keys(EVENT_TYPES)));
  });

  test('tell the independent fold what they told once', () => {
    const { tasks, workers, claims, leaders } = foldLog(log);
    assert.deepEqual(
      {
        tasks: Object.fromEntries(tasks),
        workers: Object.fromEntries(workers),
        claims: Object.fromEntries(claims),
        leaders: Object.fromEntries(leaders),
      },
      state,
    );
  });

  test('tell the database what they told once', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await write(client, 'pulp.event_single');
    await assertTold(database.url, client);
  });

  test('tell it the same when they were written before there were batches, and the engine goes on', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await undoBatches(client);
    await write(client, 'pulp.event');
    await client.query(`
      create view failures as select * from pulp.event where type = 'TaskFailed';
      create publication log_feed for table pulp.event;
      grant select on pulp.event to pg_monitor`);
    await assert.rejects(
      migrate(database.url),
      /would not see what comes: publication log_feed, view failures/,
    );
    await client.query('drop view failures; drop publication log_feed');
    assert.ok((await migrate(database.url)).applied.includes('migrations/019_event_batches.sql'));
    const { rows: allowed } = await client.query(
      `select has_table_privilege('pg_monitor', 'pulp.event', 'select') as reads`,
    );
    assert.deepEqual(allowed, [{ reads: true }]);
    await assertTold(database.url, client);

    const { rows } = await client.query<{ id: string }>(
      `select id from pulp.task where state = 'waiting' order by enqueued_at limit 1`,
    );
    await client.query('select pulp.cancel($1)', [rows[0]?.id]);
    await runTasks(client, 20);
    assert.deepEqual((await verify(database.url)).violations, []);
    const written = await client.query<{ old: boolean; singles: string }>(
      `select min(b.first) > (select max(position) from pulp.event_single where recorded_at < '2021-01-01') as old,
         (select count(*) from pulp.event_task where recorded_at > '2021-01-01') as singles
       from pulp.event_batch b`,
    );
    assert.deepEqual(written.rows, [{ old: true, singles: '0' }]);
  });
});

/** Writes these events into a table of single events, each into a leaf of its time. */
async function write(client: Client, table: string): Promise<void> {
  await client.query(`
    create table pulp.event_task_2020_01 partition of pulp.event_task for values from ('2020-01-01') to ('2020-02-01');
    create table pulp.event_system_2020 partition of pulp.event_system for values from ('2020-01-01') to ('2021-01-01');
    create table pulp.event_heartbeat_2020_01_05 partition of pulp.event_heartbeat
      for values from ('2020-01-05') to ('2020-01-06')`);
  await client.query(
    `insert into ${table} (position, stream_kind, stream_id, version, type, schema_version, data, correlation_id,
       causation_id, actor, recorded_at)
     select position, stream_kind, stream_id, version, type, schema_version, data, correlation_id, causation_id, actor,
       recorded_at
     from jsonb_populate_recordset(null::${table}, $1)`,
    [JSON.stringify(log)],
  );
  await client.query(
    `select setval('pulp.event_position', max(position) / 1024 * 1024 + 1024) from ${table}`,
  );
}

async function assertTold(url: string, client: Client): Promise<void> {
  const { violations } = await rebuild(url);
  assert.deepEqual(violations, []);
  assert.deepEqual(
    {
      tasks: await rowsOf(client, 'pulp.task', (row) => String(row['id'])),
      workers: await rowsOf(client, 'pulp.worker', (row) => String(row['name'])),
      claims: await rowsOf(client, 'pulp.reservation', claimKey),
      leaders: await rowsOf(client, 'pulp.leader', (row) => String(row['role'])),
    },
    state,
  );
}

/** The rows of a table as the golden state has them. */
async function rowsOf(client: Client, table: string, nameOf: (row: Row) => string): Promise<object> {
  const { rows } = await client.query<{ row: Row }>(`select to_jsonb(x) as row from ${table} x`);
  return Object.fromEntries(
    rows.map(({ row }) => [
      nameOf(row),
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [
          column,
          /_at$|_since$|^run_after$|^last_heartbeat$/.test(column) ? instantOrNull(value) : value,
        ]),
      ),
    ]),
  );
}
