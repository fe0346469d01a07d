import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { sql } from 'slonik';
import { z } from 'zod';
import { closeConnection } from '../../src/index.ts';
import { openPool } from '../../src/postgres/connection.ts';
import { connectDedicated } from '../../src/postgres/dedicated-client.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { inTransaction } from '../../src/postgres/transaction.ts';
import { openSessions, shareSnapshot } from '../../src/maintenance/verify-sessions.ts';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase, createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { TransactionPooler } from '../support/transaction-pooler.ts';

/** What role or database may say, against all that statements rely on. */
const HOSTILE = {
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
  statement_timeout: '600ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '300ms',
  idle_session_timeout: '300ms',
  transaction_timeout: '600ms',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kolkata',
  bytea_output: 'escape',
  extra_float_digits: '-5',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  client_min_messages: 'error',
  search_path: '',
};

async function makeHostile(database: TestDatabase, settings: object = HOSTILE): Promise<TestDatabase> {
  await using client = await connect(database.url);
  for (const [name, value] of Object.entries(settings)) {
    await client
      .query(`alter database ${new URL(database.url).pathname.slice(1)} set ${name} = '${value}'`)
      .catch((error: unknown) => {
        if (name !== 'transaction_timeout') throw error; // not before Postgres 17
      });
  }
  return database;
}

/** What a statement sees of its session. */
const LOOK = `select timestamptz '2026-11-28T01:02:03Z' as moment, interval '1 day 2 hours' as span, 0.1::float8 as number,
  '\\x00ff'::bytea as bytes, array_to_string('{NULL}'::text[], ',', 'none') as elements, null = any (array[null]) as equal,
  current_setting('transaction_isolation') || ',' || current_setting('transaction_read_only') as writes`;

async function asksAsUsual(
  ask: (text: string) => Promise<Record<string, unknown> | undefined>,
): Promise<void> {
  const row = await ask(LOOK);
  assert.deepEqual(
    { ...row, bytes: [...(row?.['bytes'] as Buffer)], span: { ...(row?.['span'] as object) } },
    {
      moment: new Date('2026-11-28T01:02:03Z'),
      span: { days: 1, hours: 2 },
      number: 0.1,
      bytes: [0, 255],
      elements: 'none',
      equal: null,
      writes: 'read committed,off',
    },
  );
}

function askBy(client: Client): (text: string) => Promise<Record<string, unknown> | undefined> {
  return async (text) => (await client.query<Record<string, unknown>>(text)).rows[0];
}

suite('no setting of role or database reaches', () => {
  test('a session of our own, however long it works, rests or waits', async () => {
    await using database = await makeHostile(await createDatabase());
    const client = await connectDedicated(database.url, 'pulp test', { lockTimeoutMs: 400 });
    await asksAsUsual(askBy(client));
    await pause(450); // idle
    await client.query('begin; select 1');
    await pause(450); // idle in a transaction
    await client.query('select pg_sleep(0.8)');
    await client.query('commit');
    const holder = await connectDedicated(database.url, 'pulp test');
    await holder.query('select pg_advisory_lock(7)');
    const startedAt = performance.now();
    await assert.rejects(client.query('select pg_advisory_lock(7)'), { code: '55P03' });
    assert.ok(performance.now() - startedAt >= 400);
    await Promise.all([client.end(), holder.end()]);
  });

  test('the pool, also behind a transaction pooler, where nothing of it stays', async () => {
    const { idle_session_timeout: _, ...settings } = HOSTILE; // it would end the pooler's own sessions
    await using database = await makeHostile(await createDatabase(), settings);
    await using pooler = await TransactionPooler.open(database.url, 1);
    for (const url of [database.url, pooler.url]) {
      const pool = await openPool(url);
      const row = sql.type(z.record(z.string(), z.unknown()));
      const ask = async (text: string) =>
        pool.maybeOne({ ...row``, sql: text }).then((found) => ({ ...found }));
      await asksAsUsual(ask);
      await asksAsUsual(ask);
      await pool.transaction(async (transaction) => {
        await asksAsUsual((text) => transaction.one({ ...row``, sql: text }).then((found) => ({ ...found })));
        await pause(450);
        await transaction.query(sql.unsafe`create table public.there as select 1 from pg_sleep(0.8)`);
      });
      await assert.rejects(pool.query(sql.unsafe`select 1 / 0`));
      await pool.query(sql.unsafe`drop table public.there`);
      await pool.end();
    }
    await using other = await connect(pooler.url);
    const { rows } = await other.query(`select current_setting('DateStyle') as style`);
    assert.deepEqual(rows, [{ style: HOSTILE.DateStyle }]);
  });

  test('a long transaction of a slow producer', async () => {
    await using database = await makeHostile(await createDatabase());
    process.env['DATABASE_URL'] = database.url;
    const id = await inTransaction(async (client) => {
      await asksAsUsual(askBy(client));
      await pause(700);
      await client.query('select pg_sleep(0.8)');
      const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t') as id`);
      return rows[0]?.id;
    });
    assert.match(id ?? '', /^[0-9a-f-]{36}$/);
    await closeConnection();
  });

  test('what looks at the whole log', async () => {
    await using database = await makeHostile(await createDatabase());
    await using sessions = await openSessions(database.url, 'pulp test');
    await shareSnapshot(sessions);
    await pause(450);
    const { rows } = await sessions.clients[0].query<{ moment: Date }>(`select now() as moment`);
    assert.ok(rows[0]?.moment instanceof Date);
    assert.deepEqual((await verify(database.url)).violations, []);
  });

  test('a migration, from nothing and of a copy that lacks the schema of pg-boss', async () => {
    await using database = await makeHostile(await createEmptyDatabase());
    assert.ok((await migrate(database.url)).applied.includes('pg-boss'));
    const client = await connectDedicated(database.url, 'pulp test');
    await client.query(`select pulp.enqueue('t'), pulp.enqueue('t', resources => '{/a/}')`);
    await client.query('drop schema pulp_boss cascade');
    await assert.rejects(verify(database.url), { code: 'NOT_MIGRATED', remedy: 'Run `pulp db migrate`.' });
    assert.deepEqual((await migrate(database.url)).applied, ['grants.sql']);
    assert.notDeepEqual((await verify(database.url)).violations, []);
    assert.deepEqual((await rebuild(database.url)).violations, []);
    await client.end();
  });
});
