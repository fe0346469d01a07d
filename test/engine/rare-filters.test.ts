import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { closeConnection, getConnection, listTasks } from '../../src/index.ts';
import { presentConditions, where, type TaskFilter } from '../../src/queries/task-filter.ts';
import { sql } from '../../src/postgres/sql.ts';
import { connect, createDatabase } from '../support/database.ts';

const TASKS = 5000;

/** Filters that few tasks pass, or none. */
const RARE: readonly TaskFilter[] = [
  { state: 'canceled' },
  { states: ['failed', 'skipped'] },
  { errorCode: 'NONE' },
  { errorContains: 'none' },
  { state: 'running' },
];

test('what few tasks are', async (t) => {
  await using database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  after(closeConnection);
  await using client = await connect(database.url);
  await client.query(
    `select pulp.enqueue_batch((select jsonb_agg('{"name": "t", "unchecked": true}'::jsonb) from generate_series(1, $1::integer)))`,
    [TASKS],
  );
  const { rows } = await client.query<{ id: string }>('select id from pulp.task limit 3');
  const canceled = rows.map(({ id }) => id).sort();
  await client.query('select pulp.cancel(id) from unnest($1::uuid[]) as id', [canceled]);
  await client.query('analyze pulp.task');

  await t.test('is found without looking at all', async () => {
    const pool = await getConnection();
    for (const filter of RARE) {
      const plan = await pool.oneFirst(sql.type(z.object({ 'QUERY PLAN': z.unknown() }))`
        explain (analyze, format json) select id from pulp.task ${where(presentConditions(filter))}
        order by enqueued_at desc, position desc limit 10`);
      const looked = [...JSON.stringify(plan).matchAll(/"Rows Removed by Filter":(\d+)/g)].map(([, n]) =>
        Number(n),
      );
      assert.ok(Math.max(0, ...looked) < 10, `${JSON.stringify(filter)}: ${JSON.stringify(plan, null, 1)}`);
    }
  });

  await t.test('is what is listed', async () => {
    assert.deepEqual(
      (await listTasks({ state: 'canceled', limit: 10 })).map(({ id }) => id).sort(),
      canceled,
    );
    assert.deepEqual(await listTasks({ errorCode: 'NONE', limit: 10 }), []);
  });
});
