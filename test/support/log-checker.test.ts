import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from './database.ts';
import { checkLog } from './log-checker.ts';

/** What breaks each rule. The tasks are those of `makeHistory`, by their names. */
const CORRUPTIONS: Readonly<Record<string, string>> = {
  conflicting_spans: `
    update pulp.event set position = (select position from pulp.event where stream_id = pg_temp.id('first') and type = 'TaskStarted')
    where stream_id = pg_temp.id('second') and type = 'TaskStarted'`,
  run_without_reservation: `
    delete from pulp.event where stream_id = pg_temp.id('second') and type = 'ReservationGranted'`,
  overtaken_in_line: `
    update pulp.event set position = 1 where stream_id = pg_temp.id('third') and type = 'TaskEnqueued'`,
  final_once: `
    insert into pulp.event (stream_kind, stream_id, version, type, data)
    select 'task', stream_id, version + 1, 'TaskFailed', '{}' from pulp.event
    where stream_id = pg_temp.id('first') and type = 'TaskCompleted'`,
  streams_without_gaps: `
    update pulp.event set version = 2 where stream_id = pg_temp.id('free')`,
  fences_rise: `
    update pulp.event set position = 1
    where stream_id = pg_temp.id('tried twice') and type = 'TaskStarted' and data ->> 'attempt' = '2'`,
  tasks_as_folded: `
    update pulp.task set timeout_seconds = 1 where id = pg_temp.id('free')::uuid`,
  workers_as_folded: `
    update pulp.worker set pid = pid + 1`,
  claims_of_tasks: `
    update pulp.reservation set state = 'granted', granted_at = requested_at where task_id = pg_temp.id('many')::uuid and resource = '/d/'`,
  running_list: `
    delete from pulp.running`,
  jobs_of_tasks: `
    delete from pgboss.job where id = pg_temp.id('granted')::uuid`,
  resource_locks: `
    select pg_advisory_lock_shared(pulp.lock_class('resource'), id) from pulp.resource where name = '/c/'`,
  forgotten_in_line: `
    delete from pulp.wakeup`,
  as_folded: `
    update pulp.reservation set requested_at = requested_at - interval '1 s' where task_id = pg_temp.id('third')::uuid`,
};

suite('the checker of logs', { concurrency: true }, () => {
  test('finds nothing in a history without a flaw', async () => {
    await using database = await createDatabase();
    await using worker = await connect(database.url);
    await using client = await connect(database.url);
    await makeHistory(client, worker);
    assert.deepEqual(await checkLog(client), []);
  });

  for (const [rule, corruption] of Object.entries(CORRUPTIONS)) {
    test(`finds what breaks the rule ${rule}`, async () => {
      await using database = await createDatabase();
      await using worker = await connect(database.url);
      await using client = await connect(database.url);
      await makeHistory(client, worker);
      await client.query(
        `set session_replication_role = replica; ${corruption}; reset session_replication_role`,
      );
      const violations = await checkLog(client);
      assert(
        violations.some((violation) => violation.startsWith(`${rule}: `)),
        `found only: ${violations.join('\n')}`,
      );
    });
  }

  test('tells of events that the folds refuse', async () => {
    await using database = await createDatabase();
    await using worker = await connect(database.url);
    await using client = await connect(database.url);
    await makeHistory(client, worker);
    await client.query(`
      set session_replication_role = replica;
      update pulp.event set type = 'TaskVanished' where stream_id = pg_temp.id('free')`);
    const refusals = (await checkLog(client)).filter((violation) => violation.includes('TaskVanished'));
    assert.deepEqual(
      refusals.map((refusal) => refusal.split(':')[0]),
      ['tasks_as_folded', 'as_folded'],
    );
  });
});

/** Tasks in every place that a task can be in; `pg_temp.id` gives their ids by name. */
async function makeHistory(client: Client, worker: Client): Promise<void> {
  await client.query(`
    set pulp.actor = 'connection 1';
    create function pg_temp.id(named text) returns text language sql as
      $$ select id::text from pulp.task where kwargs ->> 'name' = named $$`);
  const { rows } = await worker.query<{ incarnation: string }>(`
    select pulp.worker_online('w', 'localhost', 1, '{default}', 1,
      '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`);
  const incarnation = rows[0]?.incarnation ?? '';

  const enqueue = (name: string, exclusive: string[], shared: string[] = [], options: object = {}) =>
    client.query(`select pulp.enqueue('t', '[]', jsonb_build_object('name', $1::text), $2, $3, $4)`, [
      name,
      exclusive,
      shared,
      options,
    ]);
  const grant = () => client.query('select pulp.grant_reservations()');
  const run = async (outcome?: string) => {
    const started = await worker.query<{ id: string; attempt: number; fence: string }>(
      `select * from pulp.start('w', $1, '{default}', '{t}', 1)`,
      [incarnation],
    );
    assert.equal(started.rows.length, 1);
    if (outcome === undefined) return;
    const items = JSON.stringify(
      started.rows.map(({ id, attempt, fence }) => ({ id, attempt, fence, outcome })),
    );
    await worker.query(`select pulp.finish('w', $1, $2)`, [incarnation, items]);
  };

  await enqueue('first', ['/a/'], ['/b/']);
  await enqueue('second', ['/a/']);
  await enqueue('third', [], ['/a/']);
  await grant();
  await run('completed');
  await grant();
  await run();
  await enqueue('tried twice', [], [], { retries: 1 });
  await run('failed');
  await client.query('update pulp.deferred set due_at = now()');
  await grant();
  await run('completed');
  await enqueue('canceled', ['/a/']);
  await client.query(`select pulp.cancel(pg_temp.id('canceled')::uuid)`);
  await enqueue('later', ['/a/'], [], { delay: '1h' });
  await enqueue('free', []);
  await enqueue('granted', ['/c/']);
  await enqueue('many', ['/c/', '/d/']);
  await grant();
  await client.query(`select pulp.heartbeat('{w}', array[$1::bigint])`, [incarnation]);
  await enqueue('new', ['/e/']);
}
