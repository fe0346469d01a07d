import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { z } from 'zod';
import { closeConnection, getConnection, listTasks } from '../../src/index.ts';
import { conditionsOf, where, type TaskFilter } from '../../src/queries/task-filter.ts';
import { sql } from '../../src/postgres/sql.ts';
import { createDatabase } from '../support/database.ts';
import { WorkerSession } from './worker-session.ts';

/** Tasks that have come and are over, between those that few are like. */
const TASKS = 3000;
const BATCH = 500;

const CORRELATION = randomUUID();

/** Two tasks that wait, and what no other task has. */
const RARE: Readonly<Record<string, TaskFilter>> = {
  'waiting state': { state: 'waiting' },
  'states of what is not over': { states: ['waiting', 'running', 'canceling'] },
  name: { name: 'rare.type' },
  'part of a name': { nameContains: 'are.ty' },
  queue: { queue: 'side' },
  'correlation that is an id': { correlation: CORRELATION },
  resource: { resource: '/rare/' },
  'resource by its URL': { resource: 'http://host/rare/' },
  'shared claim': { claims: [{ mode: 'shared', resources: ['/rare/'] }] },
};

/** What no task is. */
const NONE: Readonly<Record<string, TaskFilter>> = {
  'canceled state': { state: 'canceled' },
  'states of what went wrong': { states: ['failed', 'skipped'] },
  'error code': { errorCode: 'NONE' },
  'part of an error': { errorContains: 'none' },
  'running state': { state: 'running' },
  name: { name: 'nobody' },
  'part of a name': { nameContains: 'nobody' },
  queue: { queue: 'nobody' },
  'correlation that is an id': { correlation: randomUUID() },
  'correlation that is none': { correlation: 'nobody' },
  resource: { resource: '/nobody/' },
  'claim in one mode': { claims: [{ mode: 'exclusive', resources: ['/rare/'] }] },
};

test('what few tasks are, among many', async (t) => {
  await using database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  after(closeConnection);
  await using worker = await WorkerSession.open(database.url);
  const rare = await makeRare(worker);

  const every = [
    ...Object.entries(RARE).map(([filter, how]) => ({ filter: `${filter} of two`, how, expected: rare })),
    ...Object.entries(NONE).map(([filter, how]) => ({ filter: `${filter} of none`, how, expected: [] })),
  ];
  for (const { filter, how, expected } of every) {
    await t.test(`is found by the ${filter} without looking at all`, async () => {
      assert.deepEqual(await listIds(how), expected);
      const plan = await planOf(how);
      const looked = [...plan.matchAll(/"Rows Removed by Filter":(\d+)/g)].map(([, n]) => Number(n));
      assert.ok(Math.max(0, ...looked) < 10, plan);
    });
  }

  await t.test('of several types, the first of all are found', async () => {
    const { rows } = await worker.client.query<{ id: string }>(
      'select id from pulp.task order by started_at nulls last, enqueued_at desc, position desc limit 8 offset 3',
    );
    for (const how of [{ names: ['nobody', 'rare.type', 't'] }, { nameContains: 't' }]) {
      const order = [{ by: 'started_at', descending: false }] as const;
      const found = await listTasks({ ...how, order, limit: 8, offset: 3 });
      assert.deepEqual(
        found.map(({ id }) => id),
        rows.map(({ id }) => id),
      );
    }
  });

  await t.test('is found by its waiting even if somebody has deleted its job', async () => {
    await worker.grant();
    const { rowCount } = await worker.client.query('delete from pulp_boss.job where id = $1', [rare[0]]);
    assert.equal(rowCount, 1);
    assert.deepEqual(await listIds({ state: 'waiting' }), rare);
  });

  await t.test(
    'is looked for otherwise where more wait, or have names, than the lists are read for',
    async () => {
      const { rows } = await worker.client.query(
        `select pulp.waiting_ids(1) as waiting, pulp.task_names('', 1) as names`,
      );
      assert.deepEqual(rows, [{ waiting: null, names: null }]);
    },
  );
});

/** Has many tasks come and end, and two wait. Gives the ids of these. */
async function makeRare(worker: WorkerSession): Promise<readonly string[]> {
  const item = {
    name: 'rare.type',
    queue: 'side',
    correlation_id: CORRELATION,
    shared_resources: ['/rare/'],
    unchecked: true,
  };
  const rare = [await worker.enqueue(item), await worker.enqueue(item)].sort();
  await worker.client.query(
    `select pulp.enqueue_batch((
       select jsonb_agg(jsonb_build_object('name', 't', 'resources', case when n > $1::integer then '[]' else jsonb_build_array('/common/' || n) end))
       from generate_series(1, $2::integer) as n))`,
    [BATCH, TASKS],
  );
  for (let left = TASKS; left > 0;) {
    await worker.grant();
    const runs = await worker.start(BATCH);
    left -= runs.length;
    await worker.finish(runs.map((run) => ({ ...run, outcome: 'completed' })));
  }
  await worker.client.query('analyze pulp.task');
  return rare;
}

async function listIds(filter: TaskFilter): Promise<readonly string[]> {
  return (await listTasks({ ...filter, limit: 10 })).map(({ id }) => id).sort();
}

async function planOf(filter: TaskFilter): Promise<string> {
  const pool = await getConnection();
  const conditions = await conditionsOf(filter);
  const plan = await pool.oneFirst(sql.type(z.object({ 'QUERY PLAN': z.unknown() }))`
    explain (analyze, format json) select id from pulp.task ${where(conditions)}
    order by enqueued_at desc, position desc limit 10`);
  return JSON.stringify(plan);
}
