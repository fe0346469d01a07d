import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';

/** Numbers of one digit, and a key as long as is asked for; a bad value comes last. */
function withKeyOf(bytes: number): string {
  return `{"${'k'.repeat(bytes)}": [${'1,'.repeat(150_000)}9007199254740993]}`;
}

/** Documents whose text is a thousand times as long as they are. */
const INFLATED: readonly (readonly [what: string, item: string, message: RegExp])[] = [
  ['arguments', `{"name": "t", "args": [${'1e131071,'.repeat(10_000)}1]}`, /^args\[0\]: is too large/],
  [
    'small arguments',
    `{"name": "t", "args": [${'1e-16383,'.repeat(10_000)}1]}`,
    /^args\[0\]: is too close to zero/,
  ],
  ['names', `{"name": 1e131071}`, /^name: is too large/],
  ['ids', `{"name": "t", "id": 1e131071}`, /^id: is too large/],
  ['options', `{"name": "t", "priority": -1e131071}`, /^priority: is too large/],
  ['resources', `{"name": "t", "resources": [1e131071]}`, /^resources\[0\]: is too large/],
];

suite('dear input', () => {
  test('a bad value costs the same in a payload of long keys as in one of short ones', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const measure = async (bytes: number) => {
      const { rows } = await client.query<{ ms: number }>(
        `with begun as materialized (select clock_timestamp() as at),
           looked as materialized (select length(pulp.payload_problem($1, 'kwargs')) as found, begun.at from begun)
         select extract(epoch from clock_timestamp() - at)::float8 * 1000 as ms from looked where found > $2`,
        [withKeyOf(bytes), bytes],
      );
      assert.equal(rows.length, 1);
      return rows[0]?.ms ?? 0;
    };
    await measure(1);
    const short = await measure(1);
    const long = await measure(500_000);
    assert.ok(long < 4 * short + 100, `${long} ms, ${short} ms`);
  });

  for (const [what, item, message] of INFLATED) {
    test(`of ${what} whose numbers would be written with 131,072 digits is refused as it is`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      const copies = Math.ceil(20_000 / item.length);
      await assert.rejects(
        client.query('select pulp.enqueue_batch($1)', [
          `[${Array.from({ length: copies }, () => item).join()}]`,
        ]),
        (error: Error & { code?: string; detail?: string }) => {
          assert.match(error.message, message);
          assert.equal(error.code, 'PU004');
          assert.equal(error.detail, '{"item": 0}');
          return true;
        },
      );
    });
  }

  test('a number that is overshadowed by a column is none of the request', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.enqueue_columns('{"name": "t", "kwargs": {"n": 1e400}}', kwargs => '[{"n": 1}]')`,
    );
    const { rows } = await client.query('select kwargs from pulp.task');
    assert.deepEqual(rows, [{ kwargs: { n: 1 } }]);
  });

  test('many claims of one caller hold up nobody else, and each pass looks at a bounded number', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', 'big', 'resources', (
         select jsonb_agg(format('/%s/%s', task, claim)) from generate_series(1, 100) as claim)))
       from generate_series(1, 300) as task))`,
    );
    for (let caller = 0; caller < 5; caller++) {
      await client.query(`select pulp.enqueue('small', resources => array[$1])`, [`/of/${caller}`]);
    }
    const pass = async () => {
      const { rows } = await client.query<{ more: boolean }>('select more from pulp.grant_reservations(10)');
      return { more: rows[0]?.more, ...(await granted(client)) };
    };
    assert.deepEqual(await pass(), { more: true, big: 1, small: 0 }, 'one task in any case');
    assert.deepEqual(await pass(), { more: true, big: 2, small: 5 });
    await client.query(`select pulp.enqueue('small', resources => '{/of/late}')`);
    assert.deepEqual(await pass(), { more: true, big: 3, small: 6 });
    for (let n = 4; n <= 300; n++) await pass();
    assert.deepEqual(await granted(client), { big: 300, small: 6 }, 'all come to their turn');
  });

  test('of deferred tasks with many claims, a pass puts a bounded number in line', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', 'big', 'delay', 0.001, 'resources', (
         select jsonb_agg(format('/%s/%s', task, claim)) from generate_series(1, 100) as claim)))
       from generate_series(1, 5) as task))`,
    );
    await client.query('select pg_sleep(0.01)');
    for (let left = 4; left >= 0; left--) {
      await client.query('select pulp.grant_reservations(10)');
      const { rows } = await client.query('select count(*)::integer as left from pulp.deferred');
      assert.deepEqual(rows, [{ left }]);
    }
  });

  test('a queue of a reserved worker that never was is refused, with which request', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const items = (name: string) =>
      JSON.stringify([{ name: 't' }, { name: 't', queue: 'other' }, { name: 't', queue: name, delay: 1 }]);
    const name = 'reserved-resource-worker-7';
    await assert.rejects(client.query('select pulp.enqueue_batch($1)', [items(name)]), {
      code: 'PU004',
      message: `queue: no worker "${name}" has ever come up`,
      detail: '{"item": 2}',
    });
    await client.query(`select pulp.worker_online($1, 'h', 1, array[$1], 1, '[]')`, [name]);
    await client.query('select pulp.enqueue_batch($1)', [items(name)]);
  });

  test('queues are bounded, and those that nobody serves go when they are empty', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using other = await connect(database.url);
    await client.query(`select pulp.worker_online('w', 'h', 1, '{default,served}', 1, '[]')`);
    for (const queue of ['served', 'empty', 'full', 'open']) {
      await client.query(`select pulp.enqueue('t', options => jsonb_build_object('queue', $1::text))`, [
        queue,
      ]);
    }
    await client.query(`select pulp.cancel(id) from pulp.task where queue <> 'full'`);
    await other.query(`begin; select pulp.enqueue('t', options => '{"queue": "open"}')`);
    const dropped = await client.query('select deleted_queues from pulp.keep_up()');
    assert.deepEqual(dropped.rows, [{ deleted_queues: ['empty'] }]);
    await other.query('commit');
    await client.query(`select pulp.enqueue('t', options => '{"queue": "empty"}')`);

    await client.query(`insert into pulp.queue select 'q' || n from generate_series(1, 10000) n`);
    await assert.rejects(client.query(`select pulp.enqueue('t', options => '{"queue": "one-more"}')`), {
      code: 'PU020',
    });
    await client.query(`select pulp.enqueue('t', options => '{"queue": "full"}')`);
  });
});

async function granted(client: Client): Promise<{ big: number; small: number }> {
  const { rows } = await client.query<{ big: number; small: number }>(
    `select count(*) filter (where name = 'big')::integer as big, count(*) filter (where name = 'small')::integer as small
     from pulp.task where unblocked_at is not null`,
  );
  return rows[0] ?? { big: 0, small: 0 };
}
