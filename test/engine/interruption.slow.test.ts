import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { WorkerSession, type Run } from './worker-session.ts';

const completed = (run: Run) => ({ ...run, outcome: 'completed', result: 1 });

suite('a run that is interrupted', () => {
  test('goes back to the front of its line, with its claims let go of until they are granted again', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const first = await worker.enqueue({ resources: ['/a/'], shared_resources: ['/b/'] });
    const second = await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    const run = await worker.startOne();

    assert.deepEqual(await worker.interrupt(run, { progress: 'half' }), [{ id: first, state: 'waiting' }]);
    assert.deepEqual(await worker.events(first), [
      ...['TaskEnqueued', 'ReservationGranted', 'TaskStarted'],
      ...['TaskProgressed', 'ReservationReleased', 'TaskInterrupted'],
    ]);
    assert.deepEqual(await worker.task(first), {
      ...{ state: 'waiting', attempt: 0, worker: null, fence: null, interruptions: 1, progress: 'half' },
      ...{ cancel_reason: null, error: null },
    });
    assert.deepEqual(await line(worker.client, '/a/'), [first, second]);
    assert.deepEqual(await locks(worker.client), []);
    assert.deepEqual(await checkLog(worker.client), []);

    await worker.grant();
    assert.deepEqual(await worker.finish([completed(run)]), [{ id: first, state: 'fenced' }]);
    const again = await worker.startOne();
    assert.deepEqual([again.id, again.attempt, again.interruptions], [first, 1, 1]);
    assert.notEqual(again.fence, run.fence);
    // The attempt is the same as before: the fence tells the runs apart.
    assert.deepEqual(await worker.finish([completed(run)]), [{ id: first, state: 'fenced' }]);
    assert.deepEqual(await worker.progress([{ ...run, progress: 'late' }]), [{ id: first, verdict: 'late' }]);
    assert.deepEqual(await worker.finish([completed(again)]), [{ id: first, state: 'completed' }]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('comes before all of its priority that were enqueued after it', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const early = await worker.enqueue();
    const [first, claiming] = [await worker.enqueue(), await worker.enqueue({ resources: ['/a/'] })];
    await worker.grant();
    const runs = new Map((await worker.start(3)).map((run) => [run.id, run]));
    const late = await worker.enqueue();
    const urgent = await worker.enqueue({ priority: 1 });
    for (const id of [claiming, first]) {
      const run = runs.get(id);
      assert(run !== undefined);
      await worker.interrupt(run);
      await worker.grant();
    }
    const order = [];
    for (let left = 4; left > 0; left -= 1) order.push((await worker.startOne()).id);
    assert.deepEqual(order, [urgent, first, claiming, late]);
    assert(runs.has(early));
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('costs no attempt, and is counted until a run ends otherwise', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const id = await worker.enqueue({ retries: 1 });
    const fail = async (run: Run) =>
      worker.finish([{ ...run, outcome: 'failed', error: { code: 'BROKEN' } }]);
    const seen: unknown[] = [];
    const see = async () => {
      const { state, attempt, interruptions } = await worker.task(id);
      seen.push([state, attempt, interruptions]);
    };
    for (let left = 4; left > 0; left -= 1) {
      await worker.interrupt(await worker.startOne());
      await see();
    }
    await fail(await worker.startOne());
    await see();
    await worker.client.query('update pulp.deferred set due_at = now()');
    await worker.grant();
    await worker.interrupt(await worker.startOne());
    await see();
    await fail(await worker.startOne());
    await see();
    assert.deepEqual(seen, [
      ['waiting', 0, 1],
      ['waiting', 0, 2],
      ['waiting', 0, 3],
      ['waiting', 0, 4],
      ['waiting', 1, 0],
      ['waiting', 1, 1],
      ['failed', 2, 0],
    ]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('is canceled, if it was to be', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const id = await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    const run = await worker.startOne();
    await worker.client.query(`select pulp.cancel($1, 'not wanted')`, [id]);
    assert.deepEqual(await worker.interrupt(run), [{ id, state: 'canceled' }]);
    assert.equal((await worker.task(id))['cancel_reason'], 'not wanted');
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('can be canceled while it waits again', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    for (const item of [{}, { resources: ['/a/'] }]) {
      const id = await worker.enqueue(item);
      await worker.grant();
      await worker.interrupt(await worker.startOne());
      const { rows } = await worker.client.query('select pulp.cancel($1) as state', [id]);
      assert.deepEqual(rows, [{ state: 'canceled' }]);
      assert.deepEqual(await worker.start(1), []);
    }
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('must say by what it was interrupted', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const id = await worker.enqueue();
    const run = await worker.startOne();
    for (const by of [undefined, 'mood']) {
      await assert.rejects(worker.interrupt(run, { by }), { code: 'PU004' });
    }
    assert.equal((await worker.task(id))['state'], 'running');
  });

  test('is told of the past as it was then, and is rebuilt', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const id = await worker.enqueue({ resources: ['/a/'] });
    const free = await worker.enqueue();
    await worker.grant();
    const moments: string[] = [];
    for (const run of await worker.start(2)) await worker.interrupt(run);
    moments.push(await moment(worker.client));
    await worker.grant();
    const runs = await worker.start(2);
    moments.push(await moment(worker.client));
    for (const run of runs) await worker.interrupt(run, { by: 'host', reason: null });

    const past = [];
    for (const at of moments) {
      const { rows } = await worker.client.query(
        `select t.id, t.state, t.attempt, t.interruptions, r.state as claim, r.position = t.position as in_its_place
         from pulp.task_at($1) t left join pulp.reservation_at($1) r on r.task_id = t.id order by t.position`,
        [at],
      );
      past.push(rows);
    }
    assert.deepEqual(past, [
      [
        { id, state: 'waiting', attempt: 0, interruptions: 1, claim: 'waiting', in_its_place: true },
        { id: free, state: 'waiting', attempt: 0, interruptions: 1, claim: null, in_its_place: null },
      ],
      [
        { id, state: 'running', attempt: 1, interruptions: 1, claim: 'granted', in_its_place: true },
        { id: free, state: 'running', attempt: 1, interruptions: 1, claim: null, in_its_place: null },
      ],
    ]);

    const before = await everything(worker.client);
    await worker.client.query(
      'delete from pulp.task; delete from pulp.reservation; delete from pulp_boss.job',
    );
    assert.deepEqual((await rebuild(database.url)).violations, []);
    assert.deepEqual(await everything(worker.client), before);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('is no run that verify finds fault with; one that was not told of is', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const id = await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    await worker.interrupt(await worker.startOne());
    await worker.grant();
    await worker.startOne();
    assert.deepEqual(await checkLog(worker.client), []);

    await unpackBatches(worker.client);
    await worker.client.query(`
      begin;
      set local session_replication_role = replica;
      update pulp.event_single set data = data || '{"attempt": 2}' where type = 'TaskStarted' and version > 3;
      delete from pulp.event_single where type = 'TaskInterrupted';
      update pulp.event_single set version = version - 1 where stream_kind = 'task' and version > 5;
      commit`);
    const { rows } = await worker.client.query<{ rule: string }>(
      'select distinct rule from pulp.verify_streams(only_ids => $1) order by rule',
      [[id]],
    );
    assert.deepEqual(
      rows.map(({ rule }) => rule),
      ['claims_as_folded', 'one_run_at_a_time', 'task_as_folded'],
    );
  });
});

suite('a run whose worker is gone', () => {
  /** Of each state, loss and policies: how the run ends when the worker had stopped, and when it was lost. */
  const ENDS: readonly (readonly [string, string | null, string | null, string, string])[] = [
    ['running', 'cancel', 'cancel', 'TaskCanceled', 'TaskCanceled'],
    ['running', 'cancel', 'requeue', 'TaskInterrupted', 'TaskCanceled'],
    ['running', 'fail', 'cancel', 'TaskCanceled', 'TaskFailed'],
    ['running', 'fail', 'requeue', 'TaskInterrupted', 'TaskFailed'],
    ['running', 'retry', 'cancel', 'TaskCanceled', 'TaskRetryScheduled'],
    ['running', 'retry', 'requeue', 'TaskInterrupted', 'TaskRetryScheduled'],
    ['running', null, null, 'TaskCanceled', 'TaskCanceled'],
    ['canceling', 'retry', 'requeue', 'TaskCanceled', 'TaskCanceled'],
  ];

  test('ends as its type says', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const told = [];
    for (const [state, loss, stop] of ENDS) {
      const ends = [];
      for (const lost of [false, true]) {
        const { rows } = await client.query<{ ends_with: string; is_poisonous: boolean }>(
          'select * from pulp.run_after_loss($1, $2, $3, 1, $4)',
          [state, loss, stop, lost],
        );
        assert.equal(rows[0]?.is_poisonous, false);
        ends.push(rows[0].ends_with);
      }
      told.push([state, loss, stop, ...ends]);
    }
    assert.deepEqual(told, ENDS);
  });

  test('is not tried again when it has cost the last worker that a task may cost', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query(
      `select lost, cost, ends_with, is_poisonous
       from unnest('{true,false}'::boolean[]) as lost, generate_series(pulp.most_lost_workers() - 2, pulp.most_lost_workers()) as cost,
         pulp.run_after_loss('running', 'retry', 'requeue', cost, lost)
       order by 1, 2`,
    );
    assert.deepEqual(rows.map(Object.values), [
      [false, 1, 'TaskInterrupted', false],
      [false, 2, 'TaskInterrupted', false],
      [false, 3, 'TaskInterrupted', false],
      [true, 1, 'TaskRetryScheduled', false],
      [true, 2, 'TaskFailed', true],
      [true, 3, 'TaskFailed', true],
    ]);
  });
});

test('a task type says what a stop of its worker means to its runs; as for a lost worker, if it does not', async () => {
  await using database = await createDatabase();
  const stops = [];
  for (const type of [
    { on_worker_loss: 'retry' },
    { on_worker_loss: 'fail' },
    { on_worker_loss: 'cancel', on_worker_stop: 'requeue' },
    { on_worker_loss: 'retry', on_worker_stop: 'cancel' },
  ]) {
    await using worker = await WorkerSession.open(database.url, { type, name: `w${stops.length}` });
    const { rows } = await worker.client.query<{ on_worker_stop: string }>(
      'select on_worker_stop from pulp.task_type',
    );
    stops.push(rows[0]?.on_worker_stop);
  }
  assert.deepEqual(stops, ['requeue', 'cancel', 'requeue', 'cancel']);
});

/** The tasks that wait for a resource, in order. */
async function line(client: Client, resource: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ task_id: string }>(
    'select task_id from pulp.reservation_waiting where resource = $1 order by position',
    [resource],
  );
  return rows.map(({ task_id }) => task_id);
}

/** The locks of resources that sessions hold. */
async function locks(client: Client): Promise<readonly object[]> {
  const { rows } = await client.query<object>(
    `select objid from pg_locks where locktype = 'advisory' and classid = pulp.lock_class('resource')::oid
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows;
}

async function moment(client: Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '';
}

/** What a rebuild makes anew: tasks, claims, and in which order jobs are fetched. */
async function everything(client: Client): Promise<unknown> {
  const { rows } = await client.query(`
    select (select jsonb_agg(to_jsonb(t) order by t.position) from pulp.task t) as tasks,
      (select jsonb_agg(to_jsonb(r) order by r.position) from pulp.reservation r) as claims,
      (select jsonb_agg(j.id order by j.created_on) from pulp_boss.job j) as jobs`);
  return rows;
}
