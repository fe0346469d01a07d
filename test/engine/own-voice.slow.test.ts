import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { until } from '../support/until.ts';
import { connect, createDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';
import { WorkerSession, type Run } from './worker-session.ts';

/** Somebody who speaks as worker `w`, which runs one task; and whether he is heard. */
type Speaker = 'itself' | 'sibling' | 'stranger' | 'operator';
const SPEAKERS: readonly Speaker[] = ['itself', 'sibling', 'stranger', 'operator'];

interface Ground {
  readonly incarnation: string;
  readonly run: Run;
}

/** How a call ends for whoever may not make it: it does not speak for the worker, or has no right to the function at all. */
const LOCK_NOT_AVAILABLE = '55P03';
const NOT_HEARD = 'PU021';
const NO_RIGHT = '42501';

/** What is said in a worker's name, and by whom it is heard; each on ground of its own. */
const SAYINGS: readonly (readonly [
  what: string,
  sql: (ground: Ground) => readonly [text: string, values: readonly unknown[]],
  heard: Readonly<Record<Speaker, string>>,
])[] = [
  [
    'it starts tasks',
    ({ incarnation }) => [`select pulp.start('w', $1, '{default}', '{t}', 10)`, [incarnation]],
    only('itself'),
  ],
  [
    'it reports',
    ({ incarnation, run }) => [`select pulp.progress('w', $1, $2)`, [incarnation, report(run, {})]],
    only('itself'),
  ],
  [
    'a run ended',
    ({ incarnation, run }) => [
      `select pulp.finish('w', $1, $2)`,
      [incarnation, report(run, { outcome: 'completed', result: 'forged' })],
    ],
    only('itself'),
  ],
  [
    'a run ended and it starts others',
    ({ incarnation, run }) => [
      `select pulp.finish_and_start('w', $1, $2, '{default}', '{t}', 10)`,
      [incarnation, report(run, { outcome: 'completed' })],
    ],
    only('itself'),
  ],
  [
    'it is unable',
    ({ incarnation }) => [`select pulp.set_worker_condition('w', $1, 'x', '[]')`, [incarnation]],
    only('itself'),
  ],
  [
    'it ends',
    ({ incarnation }) => [`select pulp.worker_offline('w', $1, true)`, [incarnation]],
    only('itself'),
  ],
  [
    'it is alive',
    ({ incarnation }) => [`select pulp.heartbeat('{w}', array[$1::bigint])`, [incarnation]],
    { itself: '', sibling: '', stranger: NOT_HEARD, operator: NO_RIGHT },
  ],
  [
    'it is dead, says its guardian',
    ({ incarnation }) => [`select pulp.report_worker_death('w', $1)`, [incarnation]],
    { itself: '', sibling: '', stranger: NOT_HEARD, operator: '' },
  ],
  [
    'it is born again, the earlier one being over',
    ({ incarnation }) => [
      `select pulp.worker_online('w', 'h', 1, '{default}', 1, '[]', over => $1)`,
      [incarnation],
    ],
    { itself: '', sibling: '', stranger: NOT_HEARD, operator: NO_RIGHT },
  ],
  [
    'it wants to lead',
    () => [`select pulp.stand_for_election('w', false)`, []],
    { itself: '', sibling: '', stranger: NOT_HEARD, operator: NO_RIGHT },
  ],
  ['as the leader it grants', () => ['select pulp.grant_reservations()', []], leaders()],
  ['as the leader it watches', () => [`select pulp.check_worker_processes()`, []], leaders()],
  ['as the leader it routes', () => ['select pulp.reroute_tasks()', []], leaders()],
  ['as the leader it keeps up', () => ['select pulp.keep_up()', []], leaders()],
  ['as the leader it mends', () => ['select pulp.mend_delivery()', []], leaders()],
  ['as the leader it sends notices', () => ['select pulp.send_notices(0, true)', []], leaders()],
  ['it is gone', () => [`select pulp.mark_worker_offline('w')`, []], operators()],
  ['another is online', () => [`select pulp.mark_worker_online('x')`, []], operators()],
  ['tasks that are over are purged', () => ['select pulp.purge_tasks(now())', []], operators()],
];

suite('a worker speaks for itself alone', { concurrency: 2 }, () => {
  for (const [what, sql, heard] of SAYINGS) {
    test(what, async () => {
      await using own = await Login.create(['pulp_worker']);
      await using other = await Login.create(['pulp_worker']);
      await using ruler = await Login.create(['pulp_operator']);
      const logins: Readonly<Record<Speaker, Login>> = {
        itself: own,
        sibling: own,
        stranger: other,
        operator: ruler,
      };
      for (const speaker of SPEAKERS) {
        await using database = await createDatabase();
        await using worker = await WorkerSession.open(own.at(database.url));
        await worker.enqueue();
        const run = await worker.startOne();
        await using stranger = await connect(logins[speaker].at(database.url));
        const client = speaker === 'itself' ? worker.client : stranger;
        const [text, values] = sql({ incarnation: worker.incarnation, run });
        assert.equal(await outcome(client, text, values), heard[speaker], `${speaker}: ${text}`);
      }
    });
  }

  test('which moves to a new session by attaching: the earlier one is heard no more, and no other login attaches', async () => {
    await using own = await Login.create(['pulp_worker']);
    await using other = await Login.create(['pulp_worker']);
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(own.at(database.url));
    await worker.client.query('select pg_advisory_unlock_all()'); // as if it had lost its session, and lived
    const attach = ['select pulp.attach_worker($1, $2, $3)', ['w', worker.incarnation, '{}']] as const;
    await using stranger = await connect(other.at(database.url));
    assert.equal(await outcome(stranger, ...attach), NOT_HEARD);
    await using second = await connect(own.at(database.url));
    let attached = '';
    // The stranger was told of its refusal a moment before its transaction let go of the worker's row.
    await until(async () => (attached = await outcome(second, ...attach)) !== LOCK_NOT_AVAILABLE);
    assert.equal(attached, '');
    const start = [`select pulp.start('w', $1, '{default}', '{t}', 10)`, [worker.incarnation]] as const;
    assert.equal(await outcome(second, ...start), '');
    assert.equal(await outcome(worker.client, ...start), NOT_HEARD);
  });

  test('and what the leader does is heard from whoever was elected, not from who took its lock', async () => {
    await using own = await Login.create(['pulp_worker']);
    await using observer = await Login.create(['pulp_observer']);
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(own.at(database.url));
    await using usurper = await connect(observer.at(database.url));
    await usurper.query('set application_name = usurper; select pg_advisory_lock(5264700, 0)');
    const stand = 'select elected, held_by from pulp.stand_for_election($1, false)';
    const { rows } = await worker.client.query<{ elected: boolean; held_by: string }>(stand, ['w']);
    assert.equal(rows[0]?.elected, false);
    assert.match(rows[0].held_by, /^process \d+/);
    assert.deepEqual((await usurper.query('select pulp.leader_session() as session')).rows, [
      { session: null },
    ]);

    await usurper.query('select pg_advisory_unlock_all()');
    assert.deepEqual((await worker.client.query(stand, ['w'])).rows, [{ elected: true, held_by: null }]);
    assert.equal(await outcome(worker.client, 'select pulp.grant_reservations()', []), '');
  });
});

suite('every event bears the login of who appended it', () => {
  test('beside who is said to have, which members of pulp_server and of pulp_operator may say', async () => {
    await using submitter = await Login.create(['pulp_submitter']);
    await using server = await Login.create(['pulp_submitter', 'pulp_server']);
    await using operator = await Login.create(['pulp_submitter', 'pulp_operator']);
    await using worker = await Login.create(['pulp_worker']);
    await using database = await createDatabase();
    for (const login of [submitter, server, operator]) {
      await using client = await connect(login.at(database.url));
      await client.query(`set pulp.actor = 'somebody'; select pulp.enqueue('t')`);
    }
    await using session = await WorkerSession.open(worker.at(database.url));
    await session.startOne();
    const { rows } = await session.client.query<{ who: string; actor: string }>(
      `select distinct type || ' ' || e.session_user as who, actor from pulp.event e order by 1`,
    );
    assert.deepEqual(
      new Map(rows.map(({ who, actor }) => [who, actor])),
      new Map([
        [`TaskEnqueued ${submitter.name}`, submitter.name],
        [`TaskEnqueued ${server.name}`, 'somebody'],
        [`TaskEnqueued ${operator.name}`, 'somebody'],
        [`TaskStarted ${worker.name}`, worker.name],
        [`TaskTypePublished ${worker.name}`, worker.name],
        [`WorkerOnline ${worker.name}`, worker.name],
      ]),
    );
  });
});

function only(speaker: Speaker): Readonly<Record<Speaker, string>> {
  return { itself: NOT_HEARD, sibling: NOT_HEARD, stranger: NOT_HEARD, operator: NO_RIGHT, [speaker]: '' };
}

/** A worker that was not elected does not lead. */
function leaders(): Readonly<Record<Speaker, string>> {
  return { itself: NOT_HEARD, sibling: NOT_HEARD, stranger: NOT_HEARD, operator: '' };
}

function operators(): Readonly<Record<Speaker, string>> {
  return { itself: NO_RIGHT, sibling: NO_RIGHT, stranger: NO_RIGHT, operator: '' };
}

function report(run: Run, more: object): string {
  return JSON.stringify([{ id: run.id, attempt: run.attempt, fence: run.fence, ...more }]);
}

/** The SQLSTATE of what a call ends with; empty if it does what it says. */
async function outcome(client: Client, text: string, values: readonly unknown[]): Promise<string> {
  try {
    await client.query(text, [...values]);
    return '';
  } catch (error) {
    return (error as { code?: string }).code ?? 'none';
  }
}
