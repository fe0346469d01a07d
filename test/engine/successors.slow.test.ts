import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { WorkerSession, type Run } from './worker-session.ts';

/** Hands of a worker session in these tests. */
const HANDS = 100;

const RESERVED = 'reserved-resource-worker-1';

describe('a turn that lets go of a resource', () => {
  test('grants and starts who comes next on it, without the manager and without a job', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const ids = await line(worker, 3);
    await worker.grant();
    let [run]: readonly Run[] = await worker.start(HANDS);
    for (const id of ids.slice(1)) {
      [run] = await turn(worker, [run]);
      assert.equal(run?.id, id, 'one after the other, in their order');
    }
    const { rows } = await worker.client.query<{ type: string; id: string }>(
      'select type, stream_id as id from pulp.event where stream_id = any ($1) order by position',
      [ids.slice(0, 2)],
    );
    assert.deepEqual(
      rows.map(({ type, id }) => `${type} ${ids.indexOf(id)}`),
      [
        ...[
          'TaskEnqueued 0',
          'TaskEnqueued 1',
          'ReservationGranted 0',
          'TaskStarted 0',
          'ReservationReleased 0',
        ],
        ...[
          'TaskCompleted 0',
          'ReservationGranted 1',
          'TaskStarted 1',
          'ReservationReleased 1',
          'TaskCompleted 1',
        ],
      ],
    );
    assert.deepEqual(await turn(worker, [run]), []);
    const left = await worker.client.query(
      `select from pulp.wakeup where resource is null or mode is null union all select from pulp_boss.job`,
    );
    assert.equal(left.rowCount, 0);
    assert.equal(await resourceLocks(worker), 0);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('takes first what its queues hold', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const [, second] = await line(worker, 2);
    await worker.grant();
    const runs = await worker.start(HANDS);
    const before = await worker.enqueue();
    const started = await turn(worker, runs, 1);
    assert.deepEqual(
      started.map(({ id }) => id),
      [before],
    );
    await worker.grant();
    assert.equal((await worker.startOne()).id, second, "the other is the manager's to grant");
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('leaves to the manager who claims more, shares, is of another queue or type, or is changed by somebody', async () => {
    for (const [next, isChanged] of [
      [{ resources: ['/hot/', '/other/'] }, false],
      [{ shared_resources: ['/hot/'] }, false],
      [{ resources: ['/hot/'], queue: 'elsewhere' }, false],
      [{ resources: ['/hot/'], name: 'unknown', unchecked: true }, false],
      [{ resources: ['/hot/'] }, true],
    ] as const) {
      await using database = await createDatabase();
      await using worker = await WorkerSession.open(database.url);
      await using stranger = await connect(database.url);
      await line(worker, 1);
      await worker.grant();
      const runs = await worker.start(HANDS);
      const id = await worker.enqueue(next);
      await worker.grant();
      await stranger.query('begin');
      if (isChanged) await stranger.query('select from pulp.task where id = $1 for update', [id]);
      assert.deepEqual(await turn(worker, runs), [], JSON.stringify(next));
      await stranger.query('rollback');
      await worker.grant();
      assert.notEqual(
        (await place(worker, id)).unblocked_at,
        null,
        `granted by the manager: ${JSON.stringify(next)}`,
      );
      assert.equal(await resourceLocks(worker), 0);
      assert.deepEqual(await checkLog(worker.client), []);
    }
  });

  test('does not start who comes next beside a session that still holds the lock', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using stranger = await connect(database.url);
    const ids = await line(worker, 2);
    await worker.grant();
    const runs = await worker.start(HANDS);
    await worker.client.query(
      `select pg_advisory_unlock(pulp.lock_class('resource'), id) from pulp.resource where name = '/hot/'`,
    );
    await stranger.query(
      `select pg_advisory_lock(pulp.lock_class('resource'), id) from pulp.resource where name = '/hot/'`,
    );
    assert.deepEqual(await turn(worker, runs), []);
    assert.equal((await worker.task(ids[1] ?? ''))['state'], 'waiting');
    await stranger.query('select pg_advisory_unlock_all()');
    assert.equal(await resourceLocks(worker), 0);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('forgets nobody behind one whose cancel is not committed yet', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using caller = await connect(database.url);
    const [, second, third] = await line(worker, 3);
    await worker.grant();
    const runs = await worker.start(HANDS);
    await caller.query('begin');
    await caller.query('select pulp.cancel($1)', [second]);
    assert.deepEqual(await turn(worker, runs), [], 'the next in line is being canceled');
    await worker.grant();
    await caller.query('commit');
    await worker.grant();
    assert.equal((await worker.startOne()).id, third);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('keeps its share of the lines, and leaves theirs to others that do the same work', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using _idle = await WorkerSession.open(database.url, { name: 'idle' });
    for (let number = 0; number < 10; number += 1) await line(worker, 2, `/line/${number}/`);
    await worker.grant();
    const runs = await worker.start(HANDS);
    assert.equal((await turn(worker, runs)).length, 5);
    await worker.grant();
    assert.equal((await worker.start(HANDS)).length, 5);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('takes as many of the lines as leave each with its share of what runs', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using other = await WorkerSession.open(database.url, { name: 'other' });
    for (const [theirs, expected] of [
      [20, 20],
      [10, 15],
      [30, 20],
    ] as const) {
      const round = `/of/${theirs}`;
      const held = [];
      for (let number = 0; number < theirs; number += 1)
        held.push(await other.enqueue({ resources: [`${round}/${number}/`] }));
      await other.grant();
      const others = await other.start(HANDS);
      assert.equal(others.length, theirs);
      for (let number = 0; number < 20; number += 1) await line(worker, 2, `${round}/line/${number}/`);
      await worker.grant();
      const taken = await turn(worker, await worker.start(HANDS));
      assert.equal(taken.length, expected, `with ${theirs} that run elsewhere`);
      await worker.grant();
      await turn(worker, [...taken, ...(await worker.start(HANDS))]);
      await turn(other, others);
    }
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('leaves routing to the manager where reserved workers are online, and keeps the line if it is one', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await line(worker, 3);
    await worker.grant();
    const runs = await worker.start(HANDS);
    await using reserved = await WorkerSession.open(database.url, {
      name: RESERVED,
      queue: RESERVED,
    });
    assert.deepEqual(await turn(worker, runs), []);
    await worker.grant();
    const [run] = await reserved.start(HANDS);
    assert.notEqual(run, undefined);
    const [next] = await turn(reserved, [run]);
    assert.equal((await place(worker, next?.id)).queue, RESERVED);
    assert.deepEqual(await checkLog(worker.client), []);
  });
});

/** Enqueues tasks that claim one resource exclusively; gives their ids. */
async function line(worker: WorkerSession, length: number, resource = '/hot/'): Promise<readonly string[]> {
  const ids = [];
  for (let place = 0; place < length; place += 1) ids.push(await worker.enqueue({ resources: [resource] }));
  return ids;
}

/** These runs complete; gives what is started in the same turn. */
async function turn(
  worker: WorkerSession,
  runs: readonly (Run | undefined)[],
  atMost = HANDS,
): Promise<readonly Run[]> {
  const rows = await worker.finishAndStart(
    runs.map((run) => ({ ...run, outcome: 'completed', result: null })),
    atMost,
  );
  assert.deepEqual(
    rows.filter(({ verdict }) => verdict !== null),
    [],
  );
  return rows;
}

/** Where a task is on its way. */
async function place(worker: WorkerSession, id: string | undefined) {
  const { rows } = await worker.client.query<{ readonly queue: string; readonly unblocked_at: Date | null }>(
    'select queue, unblocked_at from pulp.task where id = $1',
    [id],
  );
  assert(rows[0] !== undefined);
  return rows[0];
}

async function resourceLocks(worker: WorkerSession): Promise<number> {
  const { rowCount } = await worker.client.query(
    `select from pg_locks
     where locktype = 'advisory' and classid = pulp.lock_class('resource')::oid and pid = pg_backend_pid()`,
  );
  return rowCount ?? 0;
}
