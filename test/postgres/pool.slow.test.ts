import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { sql, type DatabasePool } from 'slonik';
import { z } from 'zod';
import { cancel, closeConnection, enqueueWithReservation, getConnection } from '../../src/index.ts';
import { PulpError } from '../../src/errors.ts';
import { connectDedicated, isDirect, openClient } from '../../src/postgres/dedicated-client.ts';
import { openPool } from '../../src/postgres/connection.ts';
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { retrying } from '../../src/postgres/retry.ts';
import { readTask } from '../../src/queries/task.ts';
import { createDatabase, databaseUrl } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';

const CROWD = 200;

/** As short as the network of one machine allows. */
const HASTY = { connectTimeoutMs: 300, answerTimeoutMs: 300 };

/** Callers of every kind at once, with the ways in which they ended. */
async function crowd(taskId: string): Promise<readonly PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(
    Array.from({ length: CROWD }, (_, index) => {
      if (index % 3 === 0) return enqueueWithReservation('any', [`/${index}/`], { unchecked: true });
      return index % 3 === 1 ? cancel(taskId) : readTask(taskId);
    }),
  );
}

function askNumber(pool: DatabasePool, number: number): Promise<number> {
  return retrying(() => pool.oneFirst(sql.type(z.object({ n: z.number() }))`select ${number}::int8 as n`));
}

function assertUnreachable(error: unknown): void {
  assert.ok(error instanceof PulpError, String(error));
  assert.equal(error.code, 'DATABASE_UNREACHABLE');
  assert.notEqual(error.remedy, '');
}

function assertAllUnreachable(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) {
    assert.ok(result.status === 'rejected');
    assertUnreachable(result.reason);
  }
}

function failures(results: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
}

suite('callers without their server', () => {
  afterEach(closeConnection);

  test('a crowd is refused: each gets its error, and when the server is back its answer', async () => {
    await using database = await createDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    process.env['DATABASE_URL'] = proxy.url;
    const { id } = await enqueueWithReservation('any', [], { unchecked: true });
    await proxy.refuse();
    const startedAt = performance.now();
    assertAllUnreachable(await crowd(id));
    assert.ok(performance.now() - startedAt < 10_000);
    await proxy.accept();
    assert.deepEqual(failures(await crowd(id)), []);
  });

  test('a crowd outlives connections that are cut again and again', async () => {
    await using database = await createDatabase();
    await using proxy = await FaultyProxy.open(database.url);
    process.env['DATABASE_URL'] = proxy.url;
    const { id } = await enqueueWithReservation('any', [], { unchecked: true });
    for (let round = 0; round < 5; round++) {
      const results = crowd(id);
      await enqueueWithReservation('any', [], { unchecked: true });
      proxy.cut();
      assert.deepEqual(failures(await results), []);
    }
  });

  test('a crowd outlives a restart of the server', async () => {
    const home = await mkdtemp(join(tmpdir(), 'pulp-restart-'));
    try {
      const { url } = await startEmbeddedServer(home);
      const pool = await openPool(url);
      const answers = Promise.all(
        Array.from({ length: CROWD * 10 }, (_, number) =>
          retrying(() =>
            pool.oneFirst(
              sql.type(z.object({ n: z.number() }))`select ${number}::int8 as n from pg_sleep(0.002)`,
            ),
          ),
        ),
      );
      await askNumber(pool, 1);
      await stopEmbeddedServer(home);
      await startEmbeddedServer(home);
      assert.deepEqual(await answers, [...Array(CROWD * 10).keys()]);
      await pool.end();
    } finally {
      await stopEmbeddedServer(home);
      await rm(home, { recursive: true });
    }
  });

  test('a crowd before a black hole: nobody waits without end, and nothing of it stays', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    const pool = await openPool(proxy.url, HASTY);
    assert.equal(await askNumber(pool, 7), 7);
    proxy.swallow(); // one connection is idle, the others are yet to be made
    const startedAt = performance.now();
    assertAllUnreachable(
      await Promise.allSettled(Array.from({ length: CROWD }, (_, number) => askNumber(pool, number))),
    );
    assert.ok(performance.now() - startedAt < 15_000);
    proxy.pass();
    const answers = await Promise.all(Array.from({ length: CROWD }, (_, number) => askNumber(pool, number)));
    assert.deepEqual(answers, [...Array(CROWD).keys()]);
    await pool.end();
  });

  test('who waits in line is served when one connection of several is lost', async () => {
    const pool = await openPool(databaseUrl('postgres'));
    const ask = (_: unknown, number: number) =>
      pool
        .oneFirst(
          number % 20 === 0
            ? sql.type(z.object({ n: z.number() }))`select 1 as n from pg_terminate_backend(pg_backend_pid())`
            : sql.type(z.object({ n: z.number() }))`select ${number}::int8 as n`,
        )
        .then(
          (answer) => answer === number,
          () => number % 20 === 0,
        );
    const asExpected = await Promise.all(Array.from({ length: CROWD }, ask));
    assert.ok(asExpected.every(Boolean));
    await pool.end();
  });

  test('a lost transaction says what was wrong, not that it could not be rolled back', async () => {
    const pool = await openPool(databaseUrl('postgres'));
    await assert.rejects(
      retrying(() =>
        pool.transaction(async (transaction) => {
          await transaction.query(sql.unsafe`select pg_terminate_backend(pg_backend_pid())`);
        }),
      ),
      (error) => {
        assertUnreachable(error);
        assert.match(String(error), /terminat/);
        return true;
      },
    );
    await pool.end();
  });

  test('a pool that could not be made is neither kept nor in the way of the end', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'pulp-home-')), 'file');
    await writeFile(file, '');
    delete process.env['DATABASE_URL'];
    process.env['PULP_HOME'] = file; // no folder, so no server of our own
    await assert.rejects(getConnection(), { code: 'EMBEDDED_SERVER_FAILED' });
    await closeConnection();
    await assert.rejects(getConnection());
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    assert.equal(await askNumber(await getConnection(), 3), 3);
    await closeConnection();
    await rm(join(file, '..'), { recursive: true });
  });
});

suite('dedicated client', () => {
  test('has the server notice when it is gone, and is known to be direct', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    const client = await connectDedicated(proxy.url, 'pulp test');
    const { rows } = await client.query<{ settings: string }>(`
      select string_agg(current_setting(name), ' ' order by name) as settings from unnest(array
        ['client_connection_check_interval', 'idle_session_timeout', 'statement_timeout', 'tcp_keepalives_idle']) name`);
    assert.equal(rows[0]?.settings, '500ms 0 0 10');
    assert.equal(await isDirect(client), true);
    await client.end();
  });

  test('its answers do not come too late: it rejects, is not used again, and ends', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    const client = await connectDedicated(proxy.url, 'pulp test', HASTY);
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    proxy.swallow();
    await assert.rejects(client.query('select 1'), { code: 'ETIMEDOUT' });
    await ended;
    await assert.rejects(client.query('select 2'), { code: 'ETIMEDOUT' });
    await client.end();
  });

  test('connecting and ending are limited in time', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    const idle = await connectDedicated(proxy.url, 'pulp test');
    proxy.swallow();
    await assert.rejects(connectDedicated(proxy.url, 'pulp test', HASTY), (error) => {
      assertUnreachable(error);
      return true;
    });
    const startedAt = performance.now();
    await idle.end();
    assert.ok(performance.now() - startedAt < 5_000);
  });

  test('a lost connection that nobody listens to ends no process', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    const client = await openClient(proxy.url);
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    proxy.cut();
    await ended;
  });
});
