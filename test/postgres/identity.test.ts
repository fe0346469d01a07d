import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { closeConnection, enqueueWithReservation, getConnection } from '../../src/index.ts';
import { actingAs } from '../../src/postgres/identity.ts';
import { retrying } from '../../src/postgres/retry.ts';
import { sql } from '../../src/postgres/sql.ts';
import { connect, createDatabase } from '../support/database.ts';
import { TransactionPooler } from '../support/transaction-pooler.ts';

const ROLES = ['pulp_observer', 'pulp_submitter', 'pulp_operator'] as const;

const whoAmI = sql.type(z.object({ role: z.string(), actor: z.string() }))`
  select current_user::text as role, coalesce(current_setting('pulp.actor', true), '') as actor`;

suite('statements made on behalf of somebody', () => {
  test('have that role and actor, however many are made at once, and those of nobody have none', async () => {
    await using database = await createDatabase();
    await using _ = poolOf(database.url);
    const own = await (await getConnection()).one(whoAmI);
    const anybody = fc.option(
      fc.record({ role: fc.constantFrom(...ROLES), actor: fc.constantFrom('a', 'b', 'c') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anybody, { minLength: 1, maxLength: 40 }), async (callers) => {
        const seen = await Promise.all(
          callers.map((caller) => {
            const look = async () => (await getConnection()).one(whoAmI);
            return caller === null ? look() : actingAs(caller, look);
          }),
        );
        assert.deepEqual(
          seen,
          callers.map((caller) => (caller === null ? own : { ...caller })),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('have it within transactions, after failures, and behind a pooler', async () => {
    await using database = await createDatabase();
    await using pooler = await TransactionPooler.open(database.url, 3);
    for (const url of [database.url, pooler.url]) {
      await using _ = poolOf(url);
      const pool = await getConnection();
      const own = await pool.one(whoAmI);
      const alice = { role: 'pulp_submitter', actor: 'alice' };
      await actingAs(alice, async () => {
        await assert.rejects(retrying(() => pool.query(sql.unsafe`select 1 / 0`)));
        assert.deepEqual(await pool.one(whoAmI), alice);
        await pool.transaction(async (transaction) => {
          assert.deepEqual(await transaction.one(whoAmI), alice);
        });
        await assert.rejects(pool.transaction((transaction) => transaction.query(sql.unsafe`select 1 / 0`)));
      });
      assert.deepEqual(await pool.one(whoAmI), own);
    }
  });

  test('cannot write where they only read, and end when they take too long', async () => {
    await using database = await createDatabase();
    await using _ = poolOf(database.url);
    const bob = { role: 'pulp_observer', actor: 'bob' };
    await assert.rejects(
      actingAs(bob, () => enqueueWithReservation('t', [], { unchecked: true })),
      { code: 'NOT_ALLOWED' },
    );
    const pool = await getConnection();
    const reader = { role: 'pulp_submitter', actor: 'carol', readOnly: true };
    const enqueue = () => pool.query(sql.unsafe`select pulp.enqueue('t', options => '{"unchecked": true}')`);
    await assert.rejects(actingAs(reader, enqueue), ({ cause }: Error) =>
      String(cause).includes('read-only transaction'),
    );
    await actingAs({ ...reader, readOnly: false }, enqueue);
    const timeout = sql.type(
      z.object({ limit: z.string() }),
    )`select current_setting('statement_timeout') as limit`;
    assert.deepEqual(await actingAs(bob, () => pool.one(timeout)), { limit: '20s' });
    assert.deepEqual(await pool.one(timeout), { limit: '0' });
  });

  test('share no enqueue with those of others', async () => {
    await using database = await createDatabase();
    await using _ = poolOf(database.url);
    const actors = Array.from({ length: 40 }, (_, index) => `user-${index % 4}`);
    const tasks = await Promise.all(
      actors.map((actor) =>
        actingAs({ role: 'pulp_submitter', actor }, () =>
          enqueueWithReservation('t', [], { unchecked: true }),
        ),
      ),
    );
    await using client = await connect(database.url);
    const { rows } = await client.query<{ actor: string }>(
      `select e.actor from unnest($1::uuid[]) with ordinality as i(id, place) cross join pulp.history(i.id) e order by place`,
      [tasks.map(({ id }) => id)],
    );
    assert.deepEqual(
      rows.map(({ actor }) => actor),
      actors,
    );
  });
});

/** Has this process use a database, until the end of the scope. */
function poolOf(url: string): AsyncDisposable {
  process.env['DATABASE_URL'] = url;
  return { [Symbol.asyncDispose]: closeConnection };
}
