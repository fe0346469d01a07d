import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';

/** The event that the fold is given in each of these, as the engine's own statements give it. */
const CALLS: Readonly<Record<string, string>> = {
  'an event of a known type': `pulp.evolve_task(t, ${event('TaskStarted')})`,
  'an event of any type': `pulp.evolve_task(t, pulp.task_event(
    i.position, '1', t.id, t.version + 1, i.type, i.data, t.correlation_id, null, 'me', i.recorded_at))`,
  'two events': `pulp.evolve_task(pulp.evolve_task(t, ${event('ReservationReleased')}), pulp.task_event(
    i.position, '1', t.id, t.version + 2, i.type, i.data, t.correlation_id, null, 'me', i.recorded_at))`,
};

function event(type: string): string {
  return `pulp.task_event(
    i.position, '1', t.id, t.version + 1, '${type}', i.data, t.correlation_id, null, 'me', i.recorded_at)`;
}

/** Others of one expression, called for each row or event: the function, and the call. */
const OTHERS: Readonly<Record<string, string>> = {
  broken_rule:
    'select pulp.broken_rule(t, 1, 0, i.position, i.type, i.data) from pulp.task t cross join pulp.event i',
  owns_run: `select from pulp.task t cross join pulp.event i where pulp.owns_run('w', t, i.data)`,
  batch_event: 'select e.data from pulp.event_batch b cross join lateral pulp.batch_event(b, 1) e',
  batch_events: 'select e.data from pulp.event_batch b cross join lateral pulp.batch_events(b) e',
  claims_of:
    'select c.* from pulp.task t cross join lateral pulp.claims_of(t.exclusive_resources, t.shared_resources, t.options) c',
  has_claims: 'select from pulp.task t where pulp.has_claims(t)',
};

test('the planner takes the fold in: neither row nor event is made to call it', async (t) => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  for (const [what, call] of Object.entries(CALLS)) {
    await t.test(what, async () => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (verbose, costs off) select (${call}).* from pulp.task t cross join pulp.event i`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /refuse_task_event\(/);
      assert.doesNotMatch(plan, /evolve_task\(|task_after\(|[^_]task_event\(|has_claims\(|ROW\(/);
    });
  }
});

test('the planner takes in what is asked of each row', async (t) => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  for (const [name, query] of Object.entries(OTHERS)) {
    await t.test(name, async () => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (verbose, costs off) ${query}`);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.doesNotMatch(plan, new RegExp(`\\b${name}\\(|Function Scan on pulp\\.`));
    });
  }
});
