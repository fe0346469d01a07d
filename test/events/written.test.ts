import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Client } from 'pg';
import { archiveLeaves } from '../../src/events/archive.ts';
import { EVENT_TYPES } from '../../src/events/event-types.ts';
import { parseEvent, type UnparsedEvent } from '../../src/events/event.ts';
import * as pulp from '../../src/index.ts';
import { fireSchedules } from '../../src/leader/fire-schedules.ts';
import { purgeTask, purgeTasks } from '../../src/maintenance/purge.ts';
import { setPolicy } from '../../src/queries/policy.ts';
import { requestHold } from '../../src/tasks/hold-requests.ts';
import { unmarkSecret } from '../../src/tasks/published-secrets.ts';
import { ended, settle } from '../engine/settling.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { connect, createDatabase } from '../support/database.ts';
import { environment } from '../support/environment.ts';
import { memoryLog } from '../support/memory-log.ts';
import { pastTasks } from '../support/past-tasks.ts';

/** Where things are done: by functions of this package where it has them, and by those of the database that workers and leaders call. */
interface Stage {
  readonly url: string;
  /** A superuser's. */
  readonly client: Client;
  readonly worker: WorkerSession;
}

/** Times of the log are as Postgres writes them, with their offset, but for `at`, which is what the caller said. */
const JAVASCRIPT_TIME = /(?<!"at":)"[\d-]{10}T[\d:.]+Z"/;

const T = { task: 't', unchecked: true } as const;

/** What is done, so that each type of event is written by whoever writes it in earnest. */
const ACTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'tasks run, and end in every way': async ({ worker }) => {
    for (const outcome of ['completed', 'failed', 'canceled']) {
      await pulp.enqueueMany([T]);
      await worker.finish([ended(await worker.startOne(), outcome)]);
    }
    await pulp.enqueueMany([{ ...T, retries: 1 }]);
    await worker.finish([ended(await worker.startOne(), 'failed')]);
    const [{ id }] = await pulp.enqueueMany([T]);
    await worker.interrupt(await worker.startOne());
    await worker.finish([{ ...(await worker.startOne()), outcome: 'snoozed', reason: 'early', seconds: 60 }]);
    await pulp.cancel(id, 'no');
    await pulp.retry(id, 'after all');
    await worker.startOne();
    await pulp.cancel(id, 'running');
  },
  'tasks report': async ({ worker }) => {
    await pulp.enqueueMany([{ ...T, resources: ['/a/'] }]);
    await worker.grant();
    const run = await worker.startOne();
    await worker.progress([
      {
        ...run,
        progress: { done: 1 },
        reports: [{ code: 'c', message: 'm', state: 'running', done: 1, total: 2 }],
        created: ['/made/'],
      },
    ]);
    await worker.finish([ended(run, 'completed')]);
  },
  'tasks wait': async ({ client, worker }) => {
    const inAnHour = new Date(Date.now() + 3_600_000);
    const [{ id }] = await pulp.enqueueMany([{ ...T, at: inAnHour, resources: ['/b/'] }, T]);
    const [after] = await pulp.enqueueMany([
      { ...T, after: [id], on: 'finish' },
      { ...T, after: [id] },
    ]);
    await pulp.actOn([id], { verb: 'set', priority: 3 });
    await pulp.actOn([id], { verb: 'set', queue: 'other' });
    await client.query('update pulp.deferred set due_at = now() where task_id = $1', [id]);
    await settle(client);
    await pulp.cancel(id);
    await settle(client);
    await pulp.cancel(after.id);
    await worker.finish([ended(await worker.startOne(), 'completed')]);
    await pulp.enqueueMany([{ ...T, unique: { key: 'k', for: '1h' } }]);
    await pulp.enqueueMany([{ ...T, unique: { key: 'k', then: 'replace' } }]);
  },
  'tasks have all that can be said of one': async () => {
    await pulp.enqueueMany([
      {
        ...T,
        delay: 60,
        timeout: '1m',
        priority: 2,
        retries: 1,
        resources: ['/a/'],
        sharedResources: ['/b/'],
        units: { '/b/': 1 },
        group: 'g',
        requires: { rpm: '>=2' },
        correlationId: 'c',
        unique: { for: '1h' },
        traceContext: { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, tracestate: 'a=b' },
      },
    ]);
  },
  'tasks are purged': async () => {
    const [{ id }] = await pulp.enqueueMany([T]);
    await pulp.cancel(id);
    await purgeTask(id);
  },
  'workers come, fare and go': async ({ url, worker }) => {
    const { client } = worker;
    await client.query('select pulp.heartbeat($1, $2, $3)', [[worker.name], [worker.incarnation], [1]]);
    const fares = (unable: string | null, stuck: object) =>
      client.query('select pulp.set_worker_condition($1, $2, $3, $4)', [
        worker.name,
        worker.incarnation,
        unable,
        JSON.stringify(stuck),
      ]);
    await fares('disk full', [{ task: 't', processes: [{ pid: 1, state: 'D' }] }]);
    await fares(null, []);
    await client.query('select pulp.attach_worker($1, $2, $3)', [worker.name, worker.incarnation, []]);
    await using other = await WorkerSession.open(url, { name: 'other' });
    await pulp.setWorker('other', { concurrency: 2 });
    await pulp.drainWorker('other', 'new release');
    await other.client.query('select pulp.worker_offline($1, $2, true)', [other.name, other.incarnation]);
    await pulp.markWorkerOnline('watched');
    await pulp.markWorkerOffline('watched', false, memoryLog().log);
  },
  'a leader is elected, and fails': async ({ worker: { client, name } }) => {
    await client.query('select elected from pulp.stand_for_election($1, false)', [name]);
    const error = JSON.stringify({ code: 'XX001', message: 'broken' });
    await client.query(`select pulp.report_duty('grant', $1, 3)`, [error]);
    await client.query(`select pulp.report_duty('grant')`);
  },
  pauses: async () => {
    for (const [kind, name] of [['queue', 'q'], ['type', 't'], ['resource', '/a/'], ['all']] as const) {
      await pulp.pause(kind, name, { seconds: 60, reason: 'r' });
      await pulp.resume(kind, name);
    }
  },
  holds: async ({ client }) => {
    const id = await requestHold(['/held/'], ['/shared/'], { seconds: 60, reason: 'r' });
    await settle(client);
    await pulp.releaseHold(id);
  },
  limits: async () => {
    await pulp.setCapacity('/limited/', 3);
    await pulp.setRate('/limited/', { count: 3, seconds: 60 });
    await pulp.setCapacity('/limited/', null);
    await pulp.setRate('/limited/', null);
  },
  'schedules of callers here': async ({ client }) => {
    const until = new Date(Date.now() + 3_600_000);
    await pulp.createSchedule('often', { every: 1, startsAt: new Date(Date.now() - 10_000), until }, T);
    await pulp.createSchedule('nightly', { cron: '0 0 * * *', timeZone: 'Europe/Berlin' }, T);
    await client.query(`update pulp.schedule set next_at = starts_at where name = 'often'`);
    await fireSchedules(client); // skips all but the latest …
    await fireSchedules(client); // … and enqueues that
    await pulp.runSchedule('nightly');
    await pulp.pauseSchedule('often', 'r');
    await pulp.resumeSchedule('often');
    for (const name of ['often', 'nightly']) await pulp.deleteSchedule(name, 'r');
  },
  'a schedule of callers in SQL': async ({ client }) => {
    const times = { kind: 'every', rule: '86400000', starts_at: '2026-01-01', until: '9999-12-31 12:00' };
    await client.query(`select pulp.create_schedule($1, clock_timestamp() + interval '1 day')`, [
      JSON.stringify({ ...times, name: 'sql', item: { name: 't', unchecked: true } }),
    ]);
    await pulp.deleteSchedule('sql');
  },
  groups: async () => {
    const { id } = await pulp.createGroup({ description: 'd', finally: T });
    await pulp.dispatchGroup(id);
  },
  subscriptions: async ({ client }) => {
    await pulp.createSubscription('s', { names: ['t'], types: ['TaskFailed'], from: 'beginning' });
    await pulp.pauseSubscription('s', 'r');
    await pulp.resumeSubscription('s');
    await pulp.replaySubscription('s', 'now');
    await pulp.deleteSubscription('s');
    await client.query(
      `select pulp.create_subscription('{"name": "hook", "url": "https://example.org/", "give_up_seconds": 1}', '{}')`,
    );
    await client.query(
      `update pulp.subscription set lease_until = now(), failing_since = now() - interval '1 day'`,
    );
    await client.query(
      `select pulp.settle_delivery(name, cursor, cursor, 0, 'it answered 503') from pulp.subscription`,
    );
    await pulp.deleteSubscription('hook');
  },
  settings: async ({ client }) => {
    await pulp.setRetention('queue', 'q', { completed: 60, failed: 'never' });
    await pulp.clearRetention('queue', 'q');
    await pulp.setRetention('log', undefined, { seconds: 31 * 86_400, folder: '/archive' });
    await pulp.clearRetention('log');
    await client.query(`select pulp.set_quota('alice', '{"max_tasks": 1}'), pulp.set_quota('alice', null)`);
    await setPolicy('owner');
    await setPolicy('shared');
  },
  publications: async ({ url }) => {
    const type = { name: 'secretive', schema: { kwargs: {}, secrets: [['kwargs', 'token', true]] } };
    await using _ = await WorkerSession.open(url, { name: 'publisher', type });
    await unmarkSecret('secretive', 'kwargs.token.*');
  },
  'months are archived': async ({ client }) => {
    await pastTasks(client, '2025_01', 2);
    await purgeTasks({ finishedBefore: new Date('2026-01-01') });
    const folder = await mkdtemp(join(tmpdir(), 'pulp-archive-'));
    try {
      await archiveLeaves({ before: new Date('2026-01-01'), folder });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  'another history begins': async ({ client }) => {
    await client.query(`select pulp.begin_era('files were put back')`);
  },
};

test('events of every type, as the engine writes them, can be parsed', { timeout: 60_000 }, async (t) => {
  await using database = await createDatabase();
  using _ = environment('DATABASE_URL', database.url);
  t.after(() => pulp.closeConnection());
  await using client = await connect(database.url);
  await using worker = await WorkerSession.open(database.url);
  const written = new Set<string>();
  const unreadable: string[] = [];
  let seen = '0';
  for (const [what, act] of Object.entries(ACTS)) {
    await act({ url: database.url, client, worker });
    const { rows } = await client.query<UnparsedEvent & { position: string }>(
      'select * from pulp.event where position > $1 order by position',
      [seen],
    );
    for (const event of rows) {
      written.add(event.type);
      try {
        parseEvent(event);
        assert.doesNotMatch(JSON.stringify(event.data), JAVASCRIPT_TIME);
      } catch (error) {
        unreadable.push(`${what}: ${(error as Error).message}`);
      }
    }
    seen = rows.at(-1)?.position ?? seen;
  }
  assert.deepEqual(unreadable, []);
  assert.deepEqual(
    Object.keys(EVENT_TYPES).filter((type) => !written.has(type)),
    [],
    'these are not written here: add what writes them',
  );
});
