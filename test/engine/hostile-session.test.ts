import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';

/** What any session may set for itself, and what is read, written or planned otherwise by it. */
const ODD_SETTINGS: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'off',
  DateStyle: 'SQL, DMY',
  TimeZone: 'Asia/Kolkata',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  transform_null_equals: 'on',
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  gin_fuzzy_search_limit: '1',
  default_tablespace: 'pg_default',
  default_transaction_isolation: 'repeatable read',
  plan_cache_mode: 'force_custom_plan',
  from_collapse_limit: '1',
  join_collapse_limit: '1',
  geqo_threshold: '2',
  enable_indexscan: 'off',
  enable_nestloop: 'off',
  enable_hashjoin: 'off',
  search_path: 'pg_temp',
  xmloption: 'document',
  cursor_tuple_fraction: '0',
  constraint_exclusion: 'off',
  client_min_messages: 'error',
};

/** Given as a value: whoever writes it into a statement has to mind his own settings. */
const ITEMS = [
  { name: 't', args: [1], kwargs: { n: '\\x41', text: "a'b\\d" }, timeout: 0.123456, retries: 1 },
  {
    name: 't',
    resources: ['/a b/\\..\\c/', 'http://h/%41/?q'],
    shared_resources: ['/s/'],
    at: '2029-12-31T23:59:59.5+05:30',
  },
  { name: 't', delay: '0.001s', timeout: '100.25s', resources: ['/a/'] },
  { name: 't', group: 'g', priority: -5, queue: 'other' },
  { name: 't', resources: ['/z/'] },
];

/** All that callers, a worker and a leader do, on one session; each gives something to compare. */
const STEPS: readonly string[] = [
  `select pulp.worker_online('w', 'h', 1, '{default}', 10,
     '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "retry", "modified_at": "2030-02-01T03:04:05.678Z"}]') is not null`,
  'select count(*) from pulp.enqueue_batch($1)',
  'select pg_sleep(0.01)::text',
  'select granted from pulp.grant_reservations()',
  `select count(*) from pulp.start('w', (select incarnation from pulp.worker), '{default}', '{t}', 10)`,
  `select count(*) from pulp.progress('w', (select incarnation from pulp.worker), (
     select jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence, 'progress', 0.1)) from pulp.task where state = 'running'))`,
  `select array_agg(f.state order by f.state) from pulp.finish('w', (select incarnation from pulp.worker), (
     select jsonb_agg(jsonb_build_object('id', id, 'attempt', attempt, 'fence', fence, 'error', '{"message": "no"}'::jsonb,
       'outcome', case when retries = 1 then 'failed' else 'completed' end, 'result', to_jsonb(1.5)))
     from pulp.task where state = 'running')) f`,
  `select array_agg(pulp.cancel(id, 'enough')) from pulp.task where queue = 'other'`,
  `select array_agg(verdict) from pulp.heartbeat('{w}', array(select incarnation from pulp.worker), '{3}')`,
  'select failures from pulp.keep_up()',
  `select pulp.mend_delivery() is null, (pulp.reroute_tasks()).more, pulp.send_notices(0, true) is null`,
  `select led, workers from pulp.check_worker_processes()`,
  `select elected from pulp.stand_for_election('w', false)`,
  `select count(*) from pulp.task_at(clock_timestamp()) where state = 'completed'`,
  `select count(*) >= 0 from pulp.events_after(pulp.event_cursor_at('2020-01-01T00:00:00Z'), 1000)`, // others' transactions hold events back
  `select jsonb_object_agg(name, pulp.why(id) -> 'reasons' -> 0 -> 'code') from pulp.task where state = 'waiting'`,
  `select count(*) from pulp.resource_contention('1 hour')`,
  `select purged from pulp.purge_tasks('infinity', states => '{canceled}')`,
  `select array_agg(rule) from pulp.verify()`,
  `select pulp.worker_offline('w', (select incarnation from pulp.worker), true) is null`,
];

/** What the log and the tables hold, but for what differs from run to run. */
const HELD = `
  select (select jsonb_agg(jsonb_build_array(type, version, data - 'run_after' - 'finished_at' - 'backend_pid' - 'position' - 'decided') order by position, version)
      from pulp.event where type not in ('WorkerHeartbeat', 'LeaderElected')) as log,
    (select jsonb_agg(jsonb_build_array(state, timeout_seconds, exclusive_resources, shared_resources, result, error, progress,
        case when enqueued_at < '2029-01-01' then run_after > '2029-01-01' end) order by position) from pulp.task) as tasks,
    (select jsonb_agg(jsonb_build_array(c.relname, c.reltablespace, pg_get_expr(c.relpartbound, c.oid)) order by c.relname)
      from pg_class c where c.relispartition and c.relnamespace = 'pulp'::regnamespace) as leaves`;

suite('whatever a session has set', () => {
  test('what its calls do is what they do for all others', async () => {
    const [plain, odd] = await Promise.all([live({}), live(ODD_SETTINGS)]);
    assert.deepEqual(odd, plain);
  });
});

async function live(settings: Readonly<Record<string, string>>): Promise<unknown> {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using witness = await connect(database.url);
  await witness.query(`set timezone = 'UTC'; drop table pulp.event_heartbeat_${await leafAhead(witness)}`);
  for (const [name, value] of Object.entries(settings)) {
    await client.query('select set_config($1, $2, false)', [name, value]);
  }
  const answers: unknown[] = [];
  for (const text of STEPS) {
    const values = text.includes('$1') ? [JSON.stringify(ITEMS)] : [];
    answers.push((await client.query({ text, values, rowMode: 'array' })).rows);
  }
  return { answers, held: (await witness.query(HELD)).rows };
}

/** The end of the name of a leaf of heartbeats that is needed in some days. */
async function leafAhead(client: Client): Promise<string> {
  const { rows } = await client.query<{ day: string }>(
    `select to_char((clock_timestamp() at time zone 'UTC') + interval '10 days', 'YYYY_MM_DD') as day`,
  );
  return rows[0]?.day ?? '';
}
