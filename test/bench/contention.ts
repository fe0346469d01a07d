import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import type { Scenario } from './scenario.ts';
import { median } from './statistics.ts';

/** How many tasks go their way at once while the log is filled. */
const BATCH = 1000;

/** How many wait for the hottest resource. */
const LINE = 10_000;

/** What it takes to see which resources cost the most, over a time in which very many tasks claimed two each. */
export const contention: Scenario = {
  name: 'contention',
  measure: async ({ backlog, settle }) => {
    await using client = await connect(process.env['DATABASE_URL'] ?? '');
    const tasks = Math.ceil(backlog / 10 / BATCH) * BATCH;
    await goThrough(client, tasks);
    await client.query(
      `select count(*) from pulp.enqueue_batch((
         select jsonb_agg('{"name": "t", "resources": ["/bench/hot/"]}'::jsonb) from generate_series(1, $1)))`,
      [LINE],
    );
    await settle();
    const among = tasks.toLocaleString('en');
    return [
      {
        name: `contention of all resources, ${among} tasks in the period`,
        value: await medianMs(client, `select * from pulp.resource_contention('1 day')`, 5),
        unit: 'ms',
        target: { atMost: 1500 },
      },
      {
        name: `holders of one resource, ${among} tasks in the period`,
        value: await medianMs(client, `select * from pulp.resource_holds('/bench/shared/1', '1 day')`, 5),
        unit: 'ms',
        target: { atMost: 1500 },
      },
      {
        name: `a resource now, ${LINE.toLocaleString('en')} in line`,
        value: await medianMs(client, `select * from pulp.resource_now where resource = '/bench/hot/'`, 50),
        unit: 'ms',
        target: { atMost: 50 },
      },
    ];
  },
};

/** Has tasks go their whole way, each with a resource of its own and one that many share. */
async function goThrough(client: Client, tasks: number): Promise<void> {
  const { rows } = await client.query<{ incarnation: string }>(
    `select pulp.worker_online('bench', 'localhost', 1, '{default}', 1000,
       '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry"}]') as incarnation`,
  );
  for (let gone = 0; gone < tasks; gone += BATCH) {
    await client.query(
      `select count(*) from pulp.enqueue_batch((
         select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/bench/' || n),
           'shared_resources', jsonb_build_array('/bench/shared/' || n % 10)))
         from generate_series(1, $1) as n))`,
      [BATCH],
    );
    await client.query('select pulp.grant_reservations($1)', [BATCH]);
    await client.query(
      `select count(*) from pulp.finish('bench', $1, (
         select jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence, 'outcome', 'completed'))
         from pulp.start('bench', $1, '{default}', '{t}', $2)))`,
      [rows[0]?.incarnation, BATCH],
    );
  }
}

/** The median of the time from the question to its answer. */
async function medianMs(client: Client, question: string, times: number): Promise<number> {
  const measured: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const asked = performance.now();
    await client.query(question);
    measured.push(performance.now() - asked);
  }
  return median(measured);
}
