import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { RetentionWalk } from '../../src/leader/keep-retention.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { memoryLog } from '../support/memory-log.ts';
import { pastTasks } from '../support/past-tasks.ts';
import { PlanRecorder } from './plan-recorder.ts';

const DAY = 86_400;

async function set(client: Client, kind: string, name: string | null, keep: object): Promise<void> {
  await client.query('select pulp.set_retention($1, $2, $3)', [kind, name, keep]);
}

/** Tasks that ended so many days ago, by name: what became of the table is what is looked at, not the log. */
async function endedTask(client: Client, name: string, queue: string, daysAgo: number): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `select pulp.enqueue($1, options => jsonb_build_object('queue', $2::text)) as id`,
    [name, queue],
  );
  await client.query('select pulp.cancel($1)', [rows[0]?.id]);
  await client.query(
    `update pulp.task set finished_at = now() - $2 * interval '1 day', enqueued_at = now() - $2 * interval '1 day' - interval '1 h' where id = $1`,
    [rows[0]?.id, daysAgo],
  );
}

/** A whole walk; gives the names that are left. */
async function walk(client: Client): Promise<string[]> {
  const { log } = memoryLog();
  const walker = new RetentionWalk(client, log);
  while ((await walker.step()).nextInMs < 1000);
  const { rows } = await client.query<{ name: string }>('select name from pulp.task order by name');
  return rows.map(({ name }) => name);
}

suite('retention', () => {
  test('purges by type, else by queue, else by what is said of all, and nothing where nothing is said', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const [name, queue, daysAgo] of [
      ['new', 'default', 1],
      ['old', 'default', 10],
      ['old.slow', 'slow', 10],
      ['older.slow', 'slow', 40],
      ['kept', 'slow', 400],
      ['typed', 'slow', 3],
    ] as const)
      await endedTask(client, name, queue, daysAgo);
    await client.query(`select pulp.enqueue('waiting')`);
    await client.query(`update pulp.task set enqueued_at = now() - interval '1 year' where name = 'waiting'`);
    const all = ['kept', 'new', 'old', 'old.slow', 'older.slow', 'typed', 'waiting'];
    assert.deepEqual(await walk(client), all);
    await set(client, 'all', null, { failed: 1 });
    assert.deepEqual(await walk(client), all);
    await set(client, 'type', 'kept', { canceled: 'never' });
    await set(client, 'type', 'typed', { canceled: 2 * DAY });
    await set(client, 'queue', 'slow', { canceled: 30 * DAY, completed: 1 });
    assert.deepEqual(await walk(client), ['kept', 'new', 'old', 'old.slow', 'waiting']);
    await set(client, 'all', null, { canceled: 7 * DAY });
    assert.deepEqual(await walk(client), ['kept', 'new', 'old.slow', 'waiting']);
    await client.query(`select pulp.clear_retention('queue', 'slow')`);
    assert.deepEqual(await walk(client), ['kept', 'new', 'waiting']);
    await set(client, 'type', 'kept', { canceled: null });
    assert.deepEqual(await walk(client), ['new', 'waiting']);
    const { rows } = await client.query('select kind, name, keep from pulp.retention order by kind, name');
    assert.deepEqual(rows, [
      { kind: 'all', name: '', keep: { failed: 1, canceled: 7 * DAY } },
      { kind: 'type', name: 'typed', keep: { canceled: 2 * DAY } },
    ]);
    const { rows: purged } = await client.query(`select from pulp.event where type = 'TaskPurged'`);
    assert.equal(purged.length, 5);
  });

  test('is what its events tell, as it was and as it is rebuilt', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await set(client, 'all', null, { completed: 7 * DAY });
    const {
      rows: [then],
    } = await client.query<{ now: Date }>('select clock_timestamp() as now');
    await set(client, 'all', null, { failed: 'never' });
    await set(client, 'queue', 'q', { failed: 5 });
    await client.query(`select pulp.clear_retention('queue', 'q')`);
    assert.deepEqual(await checkLog(client), []);
    const { rows } = await client.query('select kind, keep from pulp.retention_at($1)', [then?.now]);
    assert.deepEqual(rows, [{ kind: 'all', keep: { completed: 7 * DAY } }]);
    const { rows: right } = await client.query('select * from pulp.retention');
    await client.query(`update pulp.retention set keep = '{}'`);
    const { rows: wrong } = await client.query('select rule from pulp.verify_workers()');
    assert.deepEqual(wrong, [{ rule: 'retention_as_folded' }]);
    await client.query('select pulp.rebuild_retention()');
    assert.deepEqual((await client.query('select * from pulp.retention')).rows, right);
  });

  test('is said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const [kind, name, keep, message] of [
      ['tasks', null, { completed: 5 }, /no kind "tasks"/],
      [null, null, { completed: 5 }, /no kind/],
      ['all', 'x', { completed: 5 }, /all has no name/],
      ['queue', null, { completed: 5 }, /^queue: must start/],
      ['type', 'a b', { completed: 5 }, /^type: must start/],
      ['all', null, {}, /says something/],
      ['all', null, [], /says something/],
      ['all', null, { waiting: 5 }, /no state waiting that is final/],
      ['all', null, { completed: 0 }, /from 1 to a century/],
      ['all', null, { completed: 4e9 }, /from 1 to a century/],
      ['all', null, { completed: '7d' }, /from 1 to a century/],
      ['all', null, { completed: true }, /from 1 to a century/],
      ['log', null, { seconds: 30 * DAY }, /^folder:/],
      ['log', null, { seconds: 30 * DAY, folder: 'archive' }, /^folder:/],
      ['log', null, { seconds: 5, folder: '/a' }, /^seconds: must be/],
      ['log', null, { folder: '/a' }, /^seconds: is missing/],
      ['log', null, { folder: '/a', seconds: 30 * DAY, completed: 1 }, /it has seconds and folder/],
      ['log', null, { folder: '/a', seconds: 30 * DAY }, /no worker that is online logs in as the owner/],
    ] as const) {
      await assert.rejects(
        client.query('select pulp.set_retention($1, $2, $3)', [kind, name, JSON.stringify(keep)]),
        { code: 'PU004', message },
        JSON.stringify([kind, name, keep]),
      );
    }
    await assert.rejects(client.query(`select pulp.clear_retention('all')`), { code: 'PU061' });
    await assert.rejects(set(client, 'all', null, { failed: null }), { code: 'PU061' });
    assert.equal((await client.query('select from pulp.retention')).rowCount, 0);
    assert.deepEqual(await checkLog(client), []);
  });

  test('goes in short steps, however many tasks there are', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await pastTasks(client, '2025_01', 20_000);
    await set(client, 'all', null, { failed: 5, canceled: 1e9 });
    const recorder = await PlanRecorder.attach(client);
    for (const analyzed of [false, true]) {
      if (analyzed) await client.query('vacuum analyze pulp.task');
      const reads = await recorder.readsOf(
        `select pulp.purge_by_retention(100, '2025-01-01 00:01:00Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff')`,
      );
      assert.ok(reads.some(({ how }) => how.includes('task_enqueued_at')));
      for (const read of reads) assert.ok(read.rows <= 300, JSON.stringify(read));
    }
  });
});
