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
  test('is taken back by nobody who names no release', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await publish(client, { title: 'a', modified_at: '2026-11-30T00:00:00Z', secrets: [TOKEN] });
    for (const modified_at of ['2026-01-01T00:00:00Z', '2026-11-30T00:00:00Z', '2027-01-01T00:00:00Z']) {
      await publish(client, { title: modified_at, modified_at });
      assert.deepEqual((await published(client)).secrets, [TOKEN], modified_at);
    }
    await publish(client, { title: 'older', modified_at: '2026-01-01T00:00:00Z', secrets: [WORD] });
    assert.deepEqual(await published(client), { title: '2027-01-01T00:00:00Z', secrets: [WORD, TOKEN] });
    await assert.rejects(client.query(`select pulp.enqueue('t', kwargs => '{"token": "plain"}')`), {
      code: 'PU011',
    });
  });

  test('is taken back by a newer release that is named, for good', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await publish(client, { title: 'first', release: '9', secrets: [TOKEN, WORD] });
    await publish(client, { title: 'the same', release: '9', secrets: [WORD] });
    assert.deepEqual((await published(client)).secrets, [WORD, TOKEN]);
    await publish(client, { title: 'second', release: '10', secrets: [WORD] });
    assert.deepEqual(await published(client), { title: 'second', secrets: [WORD] });
    await publish(client, { title: 'first', release: '9', secrets: [TOKEN, WORD] });
    await publish(client, { title: 'none', modified_at: '2030-01-01T00:00:00Z', secrets: [TOKEN] });
    assert.deepEqual(await published(client), { title: 'second', secrets: [WORD] });
    await publish(client, { title: 'third', release: '11' });
    assert.deepEqual(await published(client), { title: 'third', secrets: undefined });
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
