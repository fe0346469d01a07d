import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';

const TOKEN = ['kwargs', 'token'];
const WORD = ['args', 1];

interface Publication {
  readonly release?: string;
  readonly modified_at?: string;
  readonly package?: string;
  readonly secrets?: readonly unknown[];
  /** What tells the schemas apart. */
  readonly title: string;
}

suite('of two publications of a task type', () => {
  for (const [what, older, newer] of [
    ['numbers in names of releases count as numbers', { release: 'v1.9' }, { release: 'v1.10' }],
    ['dates', { release: '2026-11-30.2' }, { release: '2026-12-01' }],
    [
      'any release is newer than none',
      { modified_at: '2030-01-01T00:00:00Z', package: '9.0.0' },
      { release: '1' },
    ],
    [
      'without one, the later file is',
      { modified_at: '2026-11-30T00:00:00Z' },
      { modified_at: '2026-11-30T00:00:00.001Z' },
    ],
    [
      'of one file, that of the newer package',
      { modified_at: '2026-11-30T00:00:00Z', package: '0.9.0' },
      { modified_at: '2026-11-30T00:00:00Z', package: '0.10.0' },
    ],
    ['of one release, too', { release: '7', package: '0.9.0' }, { release: '7', package: '0.10.0' }],
  ] as const) {
    test(`the newer one stands: ${what}`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await publish(client, { ...newer, title: 'newer' });
      await publish(client, { ...older, title: 'older' });
      assert.equal((await published(client)).title, 'newer');

      await using another = await createDatabase();
      await using second = await connect(another.url);
      await publish(second, { ...older, title: 'older' });
      await publish(second, { ...newer, title: 'newer' });
      assert.equal((await published(second)).title, 'newer');
    });
  }

  test('the later one stands, if they are alike', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await publish(client, { title: 'first' });
    await publish(client, { title: 'second' });
    assert.equal((await published(client)).title, 'second');
  });
});

suite("a secret's mark", () => {
  for (const [what, releases] of [
    [
      'who names no release',
      [{ modified_at: '2026-01-01T00:00:00Z' }, { modified_at: '2027-01-01T00:00:00Z' }],
    ],
    ['who names an older release, or a newer one', [{ release: '1' }, { release: '9' }, { release: '10' }]],
  ] as const) {
    test(`is taken back by nobody ${what}`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await publish(client, { title: 'a', modified_at: '2026-11-30T00:00:00Z', secrets: [TOKEN] });
      for (const release of releases) {
        await publish(client, { title: 'without', ...release });
        assert.deepEqual((await published(client)).secrets, [TOKEN]);
      }
      await publish(client, { title: 'older', modified_at: '2025-01-01T00:00:00Z', secrets: [WORD] });
      assert.deepEqual(await published(client), { title: 'without', secrets: [WORD, TOKEN] });
      await assert.rejects(client.query(`select pulp.enqueue('t', kwargs => '{"token": "plain"}')`), {
        code: 'PU011',
      });
    });
  }

  test('is taken back by the owner of the schema alone, until a worker marks it again', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await publish(client, { title: 'a', secrets: [TOKEN, WORD] });
    await assert.rejects(client.query(`select pulp.unmark_secret('t', 'args.0')`), {
      code: 'PU004',
      hint: 'It has these: kwargs.token, args.1',
    });
    await assert.rejects(client.query(`select pulp.unmark_secret('u', 'args.0')`), { code: 'PU005' });
    await client.query(`select pulp.unmark_secret('t', 'kwargs.token')`);
    assert.deepEqual((await published(client)).secrets, [WORD]);
    await client.query(`select pulp.enqueue('t', kwargs => '{"token": "plain"}')`);
    await client.query(`select pulp.unmark_secret('t', 'args.1')`);
    assert.deepEqual((await published(client)).secrets, undefined);
    await publish(client, { title: 'a', secrets: [TOKEN] });
    assert.deepEqual((await published(client)).secrets, [TOKEN]);

    const { rows } = await client.query<{ type: string; before: unknown; after: unknown }>(
      `select type, coalesce(data #> '{before,schema,secrets}', data -> 'before') as before,
         coalesce(data #> '{after,schema,secrets}', data -> 'after') as after
       from pulp.event where stream_id = 'task-type/t' order by version`,
    );
    assert.deepEqual(
      rows.map(({ type }) => type),
      ['TaskTypePublished', 'SecretUnmarked', 'SecretUnmarked', 'TaskTypePublished'],
    );
    assert.deepEqual(rows[1], { type: 'SecretUnmarked', before: [TOKEN, WORD], after: [WORD] });
    assert.deepEqual(rows[2], { type: 'SecretUnmarked', before: [WORD], after: [] });
  });
});

suite('a publication', () => {
  test('is an event with what was there before, if it changes anything', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await publish(client, { title: 'first', release: '2' });
    await publish(client, { title: 'first', release: '2' });
    await publish(client, { title: 'older', release: '1' });
    await publish(client, { title: 'second', release: '2' });
    const { rows } = await client.query<{ before: string | null; after: string }>(
      `select data #>> '{before,schema,title}' as before, data #>> '{after,schema,title}' as after
       from pulp.event where type = 'TaskTypePublished' order by version`,
    );
    assert.deepEqual(rows, [
      { before: null, after: 'first' },
      { before: 'first', after: 'second' },
    ]);
  });

  test('waits for another that is under way, and tells what that one has left', async () => {
    await using database = await createDatabase();
    await using first = await connect(database.url);
    await using second = await connect(database.url);
    await first.query('begin');
    await publish(first, { title: 'first' });
    const waiting = publish(second, { title: 'second' });
    await first.query('commit');
    await waiting;
    const { rows } = await first.query<{ before: string | null }>(
      `select data #>> '{before,schema,title}' as before from pulp.event where type = 'TaskTypePublished' order by version`,
    );
    assert.deepEqual(rows, [{ before: null }, { before: 'first' }]);
  });
});

async function publish(client: Client, { title, secrets, ...release }: Publication): Promise<void> {
  const type = {
    name: 't',
    schema: { title, ...(secrets !== undefined && { secrets }) },
    isolation: 'horse',
    on_worker_loss: 'cancel',
  };
  await client.query('select pulp.publish_task_types($1, $2)', [
    'w',
    JSON.stringify([{ ...type, ...release }]),
  ]);
}

async function published(client: Client): Promise<{ title: string; secrets: unknown }> {
  const { rows } = await client.query<{ title: string; secrets: unknown }>(
    "select schema ->> 'title' as title, schema -> 'secrets' as secrets from pulp.task_type",
  );
  const [{ title, secrets }] = rows as [{ title: string; secrets: unknown }];
  return { title, secrets: secrets ?? undefined };
}
