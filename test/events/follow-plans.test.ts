import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { PlanRecorder, type TableRead } from '../engine/plan-recorder.ts';
import { connect, createDatabase } from '../support/database.ts';

/** Events of the log: one a minute, over three leaves; those of a transaction are one batch. */
const EVENTS = 100_000;
const PER_TRANSACTION = 250;
const STREAMS = 20_000;

/** One of the tasks. */
const TASK = '00000000-0000-0000-0000-00000000004d';

/** What one call read of the leaves. */
class Reads {
  readonly #reads: readonly TableRead[];

  constructor(reads: readonly TableRead[]) {
    this.#reads = reads.filter(({ table }) => table.startsWith('event_'));
    assert.ok(this.#reads.length > 0, 'it reads something');
  }

  get rows(): number {
    return this.#reads.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** The leaves that were read, also those where nothing was found. */
  get leaves(): readonly string[] {
    return [...new Set(this.#reads.map(({ table }) => table))].sort();
  }

  assertAllBy(index: RegExp): void {
    for (const { table, how } of this.#reads) assert.match(how, index, table);
  }
}

async function fill(client: Client): Promise<void> {
  await client.query(
    `insert into pulp.event_batch (first, tx, recorded_at, size, schema_version, type, common, ids, versions)
     select nextval('pulp.event_position'), (1 + b)::text::xid8, now() + b * $2 * interval '1 minute', $2, 1, 'TaskProgressed', '{}',
       array(select lpad(to_hex(n % $3), 32, '0')::uuid from generate_series(b * $2, b * $2 + $2 - 1) as n),
       array(select 1 + n / $3 from generate_series(b * $2, b * $2 + $2 - 1) as n)
     from generate_series(0, $1::integer / $2 - 1) as b`,
    [EVENTS, PER_TRANSACTION, STREAMS],
  );
}

suite('reading a long log', () => {
  for (const analyzed of [false, true]) {
    test(analyzed ? 'with statistics' : 'without statistics', async (t) => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await fill(client);
      if (analyzed) await client.query('vacuum analyze pulp.event');
      const recorder = await PlanRecorder.attach(client);
      const read = async (statement: string) => new Reads(await recorder.readsOf(statement));
      const last = `${EVENTS / PER_TRANSACTION}:0`;

      await t.test('new events are found without looking at old ones', async () => {
        const reads = await read(`select * from pulp.events_after('${last}')`);
        assert.equal(reads.rows, 1);
        reads.assertAllBy(/^Index Scan by .*_tx_(first|position)_idx$/);
      });

      await t.test('heartbeats are not looked at where they are not wanted', async () => {
        const records = await read(`select * from pulp.events_after('${last}')`);
        assert.ok(records.leaves.every((leaf) => /^event_(batch|task|system)/.test(leaf)));
        const both = await read(`select * from pulp.events_after('${last}', kinds => '{heartbeat,task}')`);
        assert.ok(both.leaves.some((leaf) => leaf.startsWith('event_heartbeat')));
        assert.equal(both.rows, 1);
      });

      await t.test('a page costs what it gives', async () => {
        const reads = await read('select * from pulp.events_after(max_events => 100)');
        assert.ok(reads.rows <= 1 + reads.leaves.length, `${reads.rows} rows`);
        reads.assertAllBy(/^Index Scan by .*_tx_(first|position)_idx$/);
      });

      await t.test('a stream is found by its own index', async () => {
        const reads = await read(`select * from pulp.events_after(stream => '${TASK}')`);
        assert.equal(reads.rows, EVENTS / STREAMS);
        reads.assertAllBy(/^(Bitmap Heap Scan|Index Scan by .*_stream_id_version)/);
      });

      await t.test(
        'since a time, older leaves are not touched, and of the first one next to nothing',
        async () => {
          const since = `now() + interval '${EVENTS - 1000} minutes'`;
          const begin = await read(`select pulp.event_cursor_at(${since})`);
          assert.ok(begin.rows < 200, `${begin.rows} rows`);
          const { rows } = await client.query<{ cursor: string }>(
            `select pulp.event_cursor_at(${since}) as cursor`,
          );
          const reads = await read(
            `select * from pulp.events_after('${rows[0]?.cursor ?? ''}', 1000, since => ${since})`,
          );
          assert.ok(reads.rows <= 1000 / PER_TRANSACTION + 2, `${reads.rows} rows`);
          const untouched = await client.query<{ leaf: string }>(
            `select distinct tableoid::regclass::text as leaf from pulp.event_batch
           where recorded_at < date_trunc('month', (${since}) at time zone 'UTC') at time zone 'UTC'`,
          );
          assert.ok(untouched.rows.length > 0);
          for (const { leaf } of untouched.rows)
            assert.ok(!reads.leaves.includes(leaf.replace('pulp.', '')), leaf);
        },
      );
    });
  }
});
