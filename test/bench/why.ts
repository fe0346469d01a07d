import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import type { Figure, Scenario } from './scenario.ts';
import { median } from './statistics.ts';

/** How many tasks go their way at once while the log is filled. */
const BATCH = 1000;

/** How often each question is asked. */
const TIMES = 50;

/** How long an answer may take, in milliseconds. */
const LIMIT_MS = 20;

/** What it takes to explain one task, and to see it as it was, in a log of very many events. */
export const why: Scenario = {
  name: 'why',
  measure: async ({ backlog: events, settle }) => {
    await using client = await connect(process.env['DATABASE_URL'] ?? '');
    const incarnation = await bear(client);
    const finished = await fillLog(client, incarnation, events);
    const { holder, waiting } = await setScene(client, incarnation);
    await settle();

    const among = events.toLocaleString('en');
    const figure = async (name: string, statement: string, ids: readonly string[]): Promise<Figure> => ({
      name: `${name}, ${among} events`,
      value: await medianMs(client, statement, ids),
      unit: 'ms',
      target: { atMost: LIMIT_MS },
    });
    return [
      await figure('why of a waiting task', 'select pulp.why($1)', waiting),
      await figure('why of a running task', 'select pulp.why($1)', [holder]),
      await figure('why of a finished task', 'select pulp.why($1)', finished),
      await figure(
        'a task as it was',
        `select t.* from pulp.task x cross join lateral pulp.task_at(x.started_at, x.id) t where x.id = $1`,
        finished,
      ),
    ];
  },
};

async function bear(client: Client): Promise<string> {
  const { rows } = await client.query<{ incarnation: string }>(
    `select pulp.worker_online('bench', 'localhost', 1, '{default}', 1000,
       '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry"}]') as incarnation`,
  );
  return rows[0]?.incarnation ?? '';
}

/** Has tasks with a resource each go their whole way, five events a task; gives some from all of the log. */
async function fillLog(client: Client, incarnation: string, events: number): Promise<string[]> {
  const sample: string[] = [];
  for (let appended = 0; appended < events; appended += 5 * BATCH) {
    const { rows } = await client.query<{ id: string }>(
      `select pulp.enqueue_batch((
         select jsonb_agg(jsonb_build_object('name', 't', 'resources', jsonb_build_array('/bench/' || n)))
         from generate_series(1, $1) as n)) as id`,
      [BATCH],
    );
    await client.query('select pulp.grant_reservations($1)', [BATCH]);
    await client.query(
      `select pulp.finish('bench', $1, (
         select jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence, 'outcome', 'completed'))
         from pulp.start('bench', $1, '{default}', '{t}', $2)))`,
      [incarnation, BATCH],
    );
    sample.push(rows[BATCH / 2]?.id ?? '');
  }
  return sample;
}

/** One task holds a resource and runs; a thousand wait for it in line. */
async function setScene(client: Client, incarnation: string) {
  const { rows } = await client.query<{ id: string }>(
    `select pulp.enqueue_batch((
       select jsonb_agg(jsonb_build_object('name', 't', 'resources', '["/bench/hot/", "/bench/warm/"]'::jsonb))
       from generate_series(0, 1000))) as id`,
  );
  const [holder = '', ...waiting] = rows.map(({ id }) => id);
  await client.query('select pulp.grant_reservations()');
  await client.query(`select pulp.start('bench', $1, '{default}', '{t}', 1)`, [incarnation]);
  return { holder, waiting };
}

/** The median of the time from the question to its answer, each of another task. */
async function medianMs(client: Client, statement: string, ids: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let number = 0; number < TIMES; number += 1) {
    const id = ids[Math.floor((number * ids.length) / TIMES)];
    const asked = performance.now();
    await client.query(statement, [id]);
    times.push(performance.now() - asked);
  }
  return median(times);
}
