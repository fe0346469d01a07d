import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import Enqueue from '../../src/commands/task/enqueue.ts';
import { apiDocument } from '../../src/http/api/document.ts';
import { taskOperations } from '../../src/http/v1/tasks.ts';
import { scheduleOperations } from '../../src/http/v1/schedules.ts';
import { closeConnection, enqueueWithReservation, type EnqueueOptions } from '../../src/index.ts';
import { ENQUEUE_OPTIONS, enqueueOptions, ITEM_KEYS } from '../../src/tasks/enqueue-options.ts';
import { connect, createDatabase } from '../support/database.ts';

const OTHER = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';
const OWN = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a11';

/** Of each option what it may say, and what has to be said beside it. */
const EXAMPLES = {
  sharedResources: [['/a/']],
  units: [{ '/licenses/': 2 }],
  queue: ['mail'],
  priority: [5],
  delay: ['10m'],
  at: ['2100-01-01T00:00:00Z'],
  retries: [3],
  timeout: [60],
  group: ['nightly'],
  after: [[OTHER]],
  on: ['finish', { after: [OTHER] }],
  finally: [true, { group: 'created' }],
  unique: [{ key: 'k' }],
  requires: [{ rpm: '>=2.1' }],
  correlationId: ['request 7'],
  id: [OWN],
  traceContext: [{ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }],
  unchecked: [true],
} satisfies Record<keyof EnqueueOptions, readonly [value: unknown, beside?: EnqueueOptions]>;

const examples = Object.entries(EXAMPLES) as readonly (readonly [
  name: keyof EnqueueOptions,
  example: readonly [value: unknown, beside?: EnqueueOptions],
])[];

const INTERNAL_KEYS = ['parent_id', 'owner'];

const sqlKeys = async (client: Client, trait: string | null) =>
  (await client.query<{ keys: string[] }>('select pulp.enqueue_keys($1) as keys', [trait])).rows[0]?.keys;

/** The lists of keys in what is told to users, by file. */
function listsInDocs(): readonly (readonly [file: string, keys: readonly string[]])[] {
  const root = new URL('../../', import.meta.url);
  const files = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...files.map((file) => `docs/${file}`)]
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      Array.from(
        readFileSync(new URL(file, root), 'utf8').matchAll(/`(name, args, kwargs,[^`]*)`/g),
        ([, list = '']) => [file, list.split(/,\s+/)] as const,
      ),
    );
}

/** The members that the document of the API has for a schema. */
function membersInApi(schema: string): readonly string[] {
  const document = apiDocument([...taskOperations, ...scheduleOperations], {
    version: '0',
    needsToken: false,
    components: {},
  }) as {
    readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> };
  };
  return Object.keys(document.components.schemas[schema]?.properties ?? {});
}

suite('the options of an enqueue', () => {
  test('are the same wherever they are listed', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    assert.deepEqual(await sqlKeys(client, null), [...ITEM_KEYS, ...INTERNAL_KEYS], 'pulp.enqueue_keys');
    assert.deepEqual(membersInApi('TaskToEnqueue'), ITEM_KEYS, 'the document of HTTP');
    const lists = listsInDocs();
    assert.notDeepEqual(lists, []);
    for (const [file, keys] of lists) assert.deepEqual(keys.toSorted(), ITEM_KEYS.toSorted(), file);
    const flags = Object.keys(Enqueue.flags);
    for (const [name, option] of enqueueOptions)
      if (option.flag !== undefined) assert(flags.includes(option.flag.name), `no flag for ${name}`);
  });

  test('are for a task type, or for one task alone, in SQL as in TypeScript', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const keysWith = (trait: 'isTypeDefault' | 'isSingle') =>
      enqueueOptions.filter(([, option]) => option[trait] === true).map(([, { key }]) => key);
    assert.deepEqual(await sqlKeys(client, 'default'), keysWith('isTypeDefault'));
    assert.deepEqual(await sqlKeys(client, 'single'), [...keysWith('isSingle'), ...INTERNAL_KEYS]);
    assert.deepEqual(await sqlKeys(client, 'internal'), INTERNAL_KEYS);
    assert.deepEqual(
      membersInApi('TaskToSchedule'),
      ITEM_KEYS.filter((key) => !keysWith('isSingle').includes(key)),
    );
    await assert.rejects(sqlKeys(client, 'unusual'), /no key of an enqueue has the trait unusual/);
  });

  test('are recorded, each by itself, by SQL and by TypeScript alike', async (t) => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query("select pulp.enqueue('t', options => jsonb_build_object('id', $1::text))", [OTHER]);
    await client.query("select pulp.create_group('created')");
    await client.query("select pulp.set_capacity('/licenses/', 3)");
    process.env['DATABASE_URL'] = database.url;
    const bySql = async (options: EnqueueOptions) => {
      const item: Record<string, unknown> = { name: 't' };
      for (const [name, value] of Object.entries(options))
        item[ENQUEUE_OPTIONS[name as keyof EnqueueOptions].key] = value;
      const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
        JSON.stringify([item]),
      ]);
      return recorded(client, rows[0]?.id);
    };
    try {
      for (const [name, [value, beside]] of examples) {
        if (name === 'unchecked') continue; // it is about whether the task is taken, and not recorded
        await t.test(name, async () => {
          const options = { ...beside, [name]: value };
          const told = await bySql(options);
          assert.notDeepEqual(told, await bySql(beside ?? {}), 'it is lost');
          const { id } = await enqueueWithReservation('t', [], options);
          assert.deepEqual(await recorded(client, id), told);
        });
      }
    } finally {
      delete process.env['DATABASE_URL'];
      await closeConnection();
    }
  });
});

/** What the log says of an enqueue, but for the ids and times that every task has of its own. */
async function recorded(client: Client, id: string | undefined): Promise<unknown> {
  const { rows } = await client.query(
    `select data - 'run_after' as data, nullif(correlation_id, stream_id) as correlation_id,
       case stream_id when $2 then stream_id end as id
     from pulp.history($1) where version = 1`,
    [id, OWN],
  );
  return rows[0];
}
