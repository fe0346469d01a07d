import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { archiveLeaves } from '../../src/events/archive.ts';
import { closeConnection } from '../../src/index.ts';
import { goneText } from '../../src/queries/time-travel.ts';
import { connect, createDatabase } from '../support/database.ts';
import { pastTasks } from '../support/past-tasks.ts';
import { until } from '../support/until.ts';

/** Purges all tasks, and moves January of 2025 out of the log. */
async function archiveJanuary(client: Client): Promise<void> {
  await client.query(`select pulp.purge_tasks('2025-03-01Z')`);
  const folder = await mkdtemp(join(tmpdir(), 'pulp-archive-'));
  const archived = await archiveLeaves({ before: new Date('2025-02-01T00:00:00Z'), folder });
  await rm(folder, { recursive: true });
  assert.deepEqual(
    archived.map(({ leaf }) => leaf),
    ['event_batch_2025_01'],
  );
}

async function withDatabase(work: (client: Client) => Promise<void>): Promise<void> {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  process.env['DATABASE_URL'] = database.url;
  try {
    await work(client);
  } finally {
    await closeConnection();
    delete process.env['DATABASE_URL'];
  }
}

suite('a month that cannot be archived', () => {
  test('stays, and says what the disk lacks and what to do', () =>
    withDatabase(async (client) => {
      await pastTasks(client, '2025_01', 3);
      await client.query(`select pulp.purge_tasks('2025-03-01Z')`);
      const folder = await mkdtemp(join(tmpdir(), 'pulp-archive-'));
      const archive = (to = folder) =>
        archiveLeaves({ before: new Date('2025-02-01T00:00:00Z'), folder: to });
      const part = join(folder, 'event_batch_2025_01.ndjson.gz.part');
      await symlink('/dev/full', part);
      await assert.rejects(archive(), {
        name: 'PulpError',
        code: 'ARCHIVE_UNUSABLE',
        message: `cannot write ${part}: no space left on device`,
        remedy:
          'Make room there, or give another folder; a month stays in the log until its file is complete.',
      });
      await unlink(part);
      const file = join(folder, 'no-folder');
      await writeFile(file, '');
      const manifest = join(folder, 'event_batch_2025_01.json');
      await mkdir(manifest);
      for (const [to, message] of [
        [file, `cannot open ${join(file, 'event_batch_2025_01.json')}: not a directory`],
        [folder, `cannot read ${manifest}: illegal operation on a directory`],
      ] as const) {
        await assert.rejects(archive(to), { code: 'ARCHIVE_UNUSABLE', message });
      }
      await rmdir(manifest);
      assert.deepEqual(
        (await archive()).map(({ leaf }) => leaf),
        ['event_batch_2025_01'],
      );
      await rm(folder, { recursive: true });
    }));
});

suite('a month that was archived', () => {
  test('takes no later event of its tasks from a subscription by their type', () =>
    withDatabase(async (client) => {
      const [id = ''] = await pastTasks(client, '2025_01', 1);
      const [february] = await pastTasks(client, '2025_02', 1);
      const { rows: beginnings } = await client.query<{ cursor: string }>(
        `select pulp.event_cursor(tx, position) as cursor from pulp.event where stream_id = $1 order by version desc limit 1`,
        [id],
      );
      const subscribe = (name: string, type: string) =>
        client.query(`select pulp.create_subscription($1)`, [
          { name, types: ['TaskCanceled', 'TaskPurged'], names: [type], from: beginnings[0]?.cursor },
        ]);
      await subscribe('of-it', 'past');
      await subscribe('of-others', 'present');
      // It had been canceled in February.
      await client.query(
        `insert into pulp.event_batch (first, tx, recorded_at, size, version, schema_version, type, actor, common, ids)
         select nextval('pulp.event_position'), pg_current_xact_id(), '2025-02-02Z', 1, 3, 1, 'TaskCanceled', 'the past',
           '{"reason": "again"}', array[$1::uuid]`,
        [id],
      );
      await client.query('update pulp.task set version = 3 where id = $1', [id]);
      await archiveJanuary(client);
      const given = async (name: string) => {
        const { rows } = await client.query<{ stream_id: string; version: number }>(
          'select stream_id, version from pulp.consume($1)',
          [name],
        );
        return rows.map(({ stream_id, version }) => [stream_id, version]);
      };
      let got: (string | number)[][] = [];
      await until(async () => (got = [...got, ...(await given('of-it'))]).length >= 4);
      assert.deepEqual(
        got.toSorted(),
        [
          [id, 3],
          [id, 4],
          [february, 2],
          [february, 3],
        ].toSorted(),
      );
      assert.deepEqual(await given('of-others'), []);
    }));

  test('is said to be gone, and no other one', () =>
    withDatabase(async (client) => {
      await client.query(
        `select pulp.create_event_leaf('event_system', 'event_system_2024', '2024-01-01Z', '2025-01-01Z');
         insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor, recorded_at)
           values ('system', 'a', 1, 'PolicyChanged', '{"before": "shared", "after": "shared"}', 'pulp', '2024-12-31Z')`,
      );
      await pastTasks(client, '2025_01', 30);
      assert.equal(await goneText('tasks', new Date('2025-01-01T00:00:00Z')), undefined);
      await archiveJanuary(client);
      assert.match(
        (await goneText('tasks', new Date('2025-01-01T00:00:00Z'))) ?? '',
        /^The log begins at 2025-01-01T00:00:30\.000Z: what was before is gone\.$/,
      );
      assert.equal(await goneText('tasks', new Date('2025-01-10T00:00:00Z')), undefined);
      assert.equal(await goneText('workers', new Date('2025-01-01T00:00:00Z')), undefined);
    }));
});
