import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { toColumns, type WrittenTask } from '../../src/tasks/task-columns.ts';
import { connect, createDatabase } from '../support/database.ts';

type Item = Readonly<Record<string, unknown>>;

const COLUMNS = ['args', 'kwargs', 'resources', 'shared_resources'] as const;

/** What a request that leaves them out means by these. */
const DEFAULTS: Item = { id: null, args: [], kwargs: {}, resources: [], shared_resources: [] };

const KNOWN_ID = '01a21109-0000-7000-8000-000000000001';
const PURGED_ID = '5f0c6a3e-0f9a-4c6e-9f57-0d9f3a0b7c11';

const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

/** What a request may say, mostly as it should be. */
const VALUES: Readonly<Record<string, readonly [good: readonly unknown[], bad: readonly unknown[]]>> = {
  id: [
    [null, KNOWN_ID, '01a21109-0000-7000-8000-00000000000A', '01a21109-0000-7000-8000-00000000000b'],
    ['42', 7, PURGED_ID],
  ],
  name: [
    ['known', 'known', 'known', 'keeps.secrets', 'knwon'],
    [null, 7, '1x', `a${'b'.repeat(128)}`],
  ],
  args: [
    [[], [1, 'x'], null, [deep(63)]],
    [{}, [deep(64)], [[2 ** 60]]],
  ],
  kwargs: [
    [{}, { n: 1 }, { token: 'plain' }, { card: '1234567890123456' }, null],
    [[], 'x', JSON.parse('{"__proto__": 1}'), { n: 2 ** 60 }],
  ],
  resources: [
    [[], ['/a/'], ['/b/', '/a/', '/b/?x'], Array.from({ length: 129 }, (_, n) => `/${n}/`)],
    [null, '/a/', [''], [1], ['/ä/'.repeat(150)]],
  ],
  shared_resources: [
    [[], ['/a/'], ['/c/', '/b/'], Array.from({ length: 127 }, (_, n) => `/s${n}/`)],
    [null, {}, Array.from({ length: 128 }, (_, n) => `/s${n}/`)],
  ],
  queue: [
    ['default', 'other', null],
    ['a/b', 1],
  ],
  priority: [
    [0, 5, null],
    [1.5, '1'],
  ],
  retries: [[0, 3], [-1]],
  delay: [
    ['1h', 0, 5, null],
    ['30', -1],
  ],
  at: [
    ['2099-01-01T00:00:00Z', '2001-01-01T00:00:00Z', null],
    ['2099-01-01T00:00:00', 5],
  ],
  timeout: [['10m', 1], [0]],
  group: [
    ['g', null],
    ['', 5],
  ],
  correlation_id: [['c', null], ['']],
  parent_id: [[PURGED_ID.toUpperCase()], ['x']],
  unchecked: [[true, false, null], ['foo']],
  colour: [[], ['red', null]],
};

/** How often a request says these; others it says rarely. */
const SAID: Readonly<Record<string, number>> = {
  name: 0.99,
  args: 0.6,
  kwargs: 0.8,
  resources: 0.5,
  id: 0.4,
};

const anyItem: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc
      .record(
        Object.fromEntries(
          Object.entries(VALUES).map(([key, [good, bad]]) => [
            key,
            fc.double({ min: 0, max: 1, noNaN: true }).chain((chance) => {
              if (chance > (SAID[key] ?? 0.08)) return fc.constant(undefined);
              const among = fc.integer({ min: 1, max: 40 }).map((draw) => (draw === 40 ? bad : good));
              return fc
                .tuple(among, fc.nat())
                .map(([values, draw]) => values[draw % Math.max(values.length, 1)]);
            }),
          ]),
        ),
      )
      .map((item) => JSON.parse(JSON.stringify(item)) as unknown),
  },
  { weight: 1, arbitrary: fc.constantFrom('noop', null, [], 7) },
);

/** Several that may have much in common, or all. */
const anyItems = fc
  .tuple(fc.array(anyItem, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.integer({ min: 1, max: 6 }))
  .map(([items, areAlike, times]) => (areAlike ? Array.from({ length: times }, () => items[0]) : items));

suite('enqueueing by columns', () => {
  test('gives the same tasks, events, claims and jobs as by items, and refuses the same with the same words', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await setUp(client);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyItems, async (items) => {
        const byItems = await outcome(client, 'select pulp.enqueue_batch($1) as id', [JSON.stringify(items)]);
        assert.deepEqual(await outcome(client, ...byColumns(items)), byItems);

        const { rows } = await client.query<{ problem: string | null }>(
          `select pulp.item_problem(item) as problem from jsonb_array_elements($1) with ordinality as i(item, o) order by o`,
          [JSON.stringify(items)],
        );
        const index = rows.findIndex(({ problem }) => problem !== null);
        assert.equal(byItems.code === 'PU004', index >= 0, JSON.stringify(byItems));
        if (index >= 0) {
          assert.equal(byItems.message, rows[index]?.problem);
          assert.equal(byItems.detail, `{"item": ${index}}`);
        }
        seen.add(byItems.code);
      }),
      { numRuns: 400 },
    );
    assert.deepEqual([...seen].sort(), ['PU003', 'PU004', 'PU005', 'PU011', 'none']);
  });

  test('without columns is one task; columns of several lengths, or that are none, are refused', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query(
      `select cardinality(pulp.enqueue_columns('{"name": "a"}')) as one,
         cardinality(pulp.enqueue_columns('{"name": "a"}', kwargs => '[]')) as none,
         cardinality(pulp.enqueue_columns('{"name": "a"}', kwargs => '[{"n": 1}, {}, null]')) as three`,
    );
    assert.deepEqual(rows, [{ one: 1, none: 0, three: 3 }]);
    for (const call of [
      `'[]'`,
      `null`,
      `'{"name": "a"}', kwargs => '{}'`,
      `'{"name": "a"}', kwargs => 'null'`,
      `'{"name": "a"}', kwargs => '[{}, {}]', args => '[[]]'`,
    ]) {
      await assert.rejects(client.query(`select pulp.enqueue_columns(${call})`), { code: 'PU004' }, call);
    }
    assert.equal((await client.query('select from pulp.task')).rowCount, 4);
  });
});

/** Task types, one of them with a secret, an id that is in use, and one that was. */
async function setUp(client: Client): Promise<void> {
  const type = { schema: {}, isolation: 'inline', on_worker_loss: 'cancel' };
  const types = [
    { ...type, name: 'known' },
    { ...type, name: 'keeps.secrets', schema: { secrets: [['kwargs', 'token']] } },
  ];
  await client.query("select pulp.worker_online('w', 'h', 1, '{default}', 1, $1)", [JSON.stringify(types)]);
  await client.query('select pulp.enqueue_batch($1)', [JSON.stringify([{ id: PURGED_ID, name: 'known' }])]);
  await client.query('select pulp.cancel($1)', [PURGED_ID]);
  await client.query('select pulp.purge_tasks(clock_timestamp())');
  await client.query('select pulp.enqueue_batch($1)', [JSON.stringify([{ id: KNOWN_ID, name: 'known' }])]);
}

/** The call that says the same by columns, as the package makes it; what cannot be in a column is in the items. */
function byColumns(items: readonly unknown[]): [string, unknown[]] {
  const call = 'select unnest(pulp.enqueue_columns($1, $2, $3, $4, $5, $6, $7)) as id';
  if (!items.every(isObject)) return [call, ['{}', null, null, null, null, null, JSON.stringify(items)]];
  return [call, [...toColumns(items.map(writtenTask))]];
}

function isObject(item: unknown): item is Item {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}

function writtenTask(item: Item): WrittenTask {
  const written = (key: string) => JSON.stringify(key in item ? item[key] : DEFAULTS[key]);
  const rest = Object.entries(item).filter(([key]) => !(key in DEFAULTS));
  return {
    id: written('id'),
    ...(Object.fromEntries(COLUMNS.map((key) => [key, written(key)])) as Record<
      (typeof COLUMNS)[number],
      string
    >),
    rest: JSON.stringify(Object.fromEntries(rest)).slice(1, -1),
  };
}

interface Outcome {
  readonly code: string;
  readonly message?: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly found?: unknown;
}

/** What a call does, of which nothing stays. Ids that were made, and times, are not told. */
async function outcome(client: Client, call: string, values: readonly unknown[]): Promise<Outcome> {
  await client.query('begin');
  try {
    const { rows } = await client.query<{ id: string }>(call, [...values]);
    const ids = rows.map(({ id }) => id);
    const made = await client.query<{ found: string }>(FOUND);
    const found = ids.reduce(
      (text, id, index) => (/-00000000000.$/.test(id) ? text : text.replaceAll(id, `id ${index}`)),
      JSON.stringify([ids, made.rows]),
    );
    return { code: 'none', found };
  } catch (error) {
    const { code, message, detail, hint } = error as Error & Record<'code' | 'detail' | 'hint', string>;
    return { code, message, detail, hint };
  } finally {
    await client.query('rollback');
  }
}

/** All that an enqueue makes, without its times. */
const FOUND = `
  select
    (select jsonb_agg(to_jsonb(t) - '{position,enqueued_at,unblocked_at,run_after}'::text[]
       || jsonb_build_object('unblocked', t.unblocked_at is not null, 'deferred', t.run_after is not null) order by t.position)
     from pulp.task t) as tasks,
    (select jsonb_agg(to_jsonb(e) - '{position,tx,recorded_at,data}'::text[] || jsonb_build_object('data', e.data - 'run_after')
       order by e.position)
     from pulp.event e where e.stream_kind = 'task') as events,
    (select jsonb_agg(jsonb_build_array(r.task_id, r.resource, r.mode, r.state) order by r.position, r.resource, r.mode)
     from pulp.reservation r) as claims,
    (select jsonb_agg(jsonb_build_array(w.task_id, w.resource) order by w.id) from pulp.wakeup w) as wakeups,
    (select jsonb_agg(jsonb_build_array(j.id, j.name, j.priority, j.data) order by t.position)
     from pulp_boss.job j join pulp.task t on t.id = j.id) as jobs,
    (select jsonb_agg(d.task_id order by t.position) from pulp.deferred d join pulp.task t on t.id = d.task_id) as deferred`;
