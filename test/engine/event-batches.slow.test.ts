import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, suite, test } from 'node:test';
import type { Client } from 'pg';
import { readEvents } from '../../src/events/read.ts';
import { closeConnection } from '../../src/postgres/connection.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { openHistory, runTasks } from '../support/history.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { until } from '../support/until.ts';

interface Event {
  readonly position: string;
  readonly stream_id: string;
  readonly version: number;
  readonly data: unknown;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
}

const WHOLE_LOG = `
  select position, tx, stream_kind, stream_id, version, type, schema_version, data, correlation_id, causation_id, actor, recorded_at
  from pulp.event order by tx, position`;

suite('a batch of events', () => {
  test('is split at the end of a block, where positions are left out, and where facts are too large for one row', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    // Each part of a length of its own, so that any mix-up shows.
    const positions = [
      ...range(1020, 1030), // over the end of a block
      ...range(1040, 1045), // after a gap
      ...range(2048, 2048 + 2100), // more than two blocks
    ];
    const events = positions.map((position, place) => ({
      position: String(position),
      stream_id: randomUUID(),
      version: (place % 3) + 1,
      data: { place },
      correlation_id: place % 2 === 0 ? null : `request ${place}`,
      causation_id: place % 5 === 0 ? randomUUID() : null,
    }));
    await log(client, events);
    assert.deepEqual(
      await logged(client),
      events.map((event) => ({ ...event, correlation_id: event.correlation_id ?? event.stream_id })),
    );
    const { rows } = await client.query<{ first: string; size: number }>(
      'select first, size from pulp.event_batch order by first',
    );
    assert.deepEqual(
      rows.map(({ first, size }) => [Number(first), size]),
      [
        [1020, 4],
        [1024, 6],
        [1040, 5],
        [2048, 1024],
        [3072, 1024],
        [4096, 52],
      ],
    );
    for (const { stream_id } of [events[0], events.at(-1)].filter((event) => event !== undefined)) {
      const history = await client.query<Event>('select * from pulp.history($1)', [stream_id]);
      assert.equal(history.rows.length, 1);
    }
  });

  test('of large facts is several rows', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.log_batches(pulp.event_batches('T', pulp.new_positions(90), array_agg(pulp.new_id()), array_agg(1),
         array_agg(jsonb_build_object('n', n, 'text', repeat(n::text, 1000000 / length(n::text)))), null, null, pulp.event_tx(), now()))
       from generate_series(1, 90) as n`,
    );
    const { rows } = await client.query<{ batches: string; events: string; numbers: string }>(
      `select (select count(*) from pulp.event_batch) as batches, count(*) as events, count(distinct data -> 'n') as numbers
       from pulp.event`,
    );
    assert.deepEqual(rows, [{ batches: '2', events: '90', numbers: '90' }]);
  });

  test('says once what all its events have in common', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(
      `select pulp.enqueue_batch((select jsonb_agg('{"name": "t"}'::jsonb) from generate_series(1, 100)))`,
    );
    const { rows } = await client.query(
      `select size, version, versions, facts, correlation_ids, causation_ids, common ->> 'name' as name from pulp.event_batch`,
    );
    assert.deepEqual(rows, [
      {
        size: 100,
        version: 1,
        versions: null,
        facts: null,
        correlation_ids: null,
        causation_ids: null,
        name: 't',
      },
    ]);
  });
});

suite('the log of batches', () => {
  afterEach(closeConnection);

  test('tells the same as one of single events, to whatever reads it', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    process.env['DATABASE_URL'] = database.url;
    await runTasks(client, 300);
    await settled(client);
    const told = async () => ({
      log: (await client.query(WHOLE_LOG)).rows,
      pages: await pagesOf(7),
      histories: (
        await client.query(
          'select t.id, h.version, h.position, h.data from pulp.task t, pulp.history(t.id) h order by t.id, h.version',
        )
      ).rows,
      past: (await client.query('select * from pulp.task_at(now()) order by id')).rows,
      claims: (await client.query('select * from pulp.reservation_at(now()) order by task_id, resource'))
        .rows,
      wrong: await checkLog(client),
    });
    const batches = await told();
    assert.deepEqual(batches.wrong, []);
    assert.ok(batches.log.length > 1000);
    await unpackBatches(client);
    assert.deepEqual(await told(), batches);
  });

  test('is read in pages of any length, from any cursor', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    process.env['DATABASE_URL'] = database.url;
    for (const count of [1, 30, 5]) {
      await client.query(
        `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', 't', 'args', jsonb_build_array(n))) from generate_series(1, $1) n))`,
        [count],
      );
      await client.query(`select pulp.mark_worker_online('w' || $1::text)`, [count]);
    }
    await settled(client);
    const all = (await readEvents()).events;
    assert.equal(all.length, 39);
    for (const length of [1, 2, 7, 39, 100]) assert.deepEqual(await pagesOf(length), all, String(length));
    for (const [place, { cursor }] of all.entries()) {
      assert.deepEqual(
        (await readEvents({ after: cursor, limit: 3 })).events,
        all.slice(place + 1, place + 4),
      );
    }
  });
});

suite('the id of a purged task', () => {
  test('is refused, however young it is', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t') as id`);
    const id = rows[0]?.id ?? '';
    const again = () =>
      client.query(`select pulp.enqueue('t', options => jsonb_build_object('id', $1::text))`, [id]);
    await again();
    await client.query('select pulp.cancel($1)', [id]);
    await client.query(`select pulp.purge_tasks(now() + interval '1 min')`);
    await assert.rejects(again(), { code: 'PU003' });
    await client.query(`select pulp.enqueue('t')`);
    assert.deepEqual(await checkLog(client), []);
  });
});

/** Waits until readers of the log see all of it: transactions in other databases hold it back, too. */
function settled(client: Client): Promise<void> {
  return until(async () => {
    const { rows } = await client.query<{ settled: boolean }>(
      'select max(tx) < pg_snapshot_xmin(pg_current_snapshot()) as settled from pulp.event',
    );
    return rows[0]?.settled === true;
  });
}

/** All that `readEvents` gives, in pages of this length. */
async function pagesOf(length: number): Promise<unknown[]> {
  const events: unknown[] = [];
  for (let after: string | undefined; ;) {
    const page = await readEvents({ after, limit: length });
    events.push(...page.events);
    if (page.caughtUp) return events;
    after = page.cursor;
  }
}

async function log(client: Client, events: readonly Event[]): Promise<void> {
  const column = (name: keyof Event) => events.map((event) => event[name]);
  await client.query(
    `select pulp.log_batches(pulp.event_batches('T', $1, $2, $3, $4, $5, $6, pulp.event_tx(), now()))`,
    [
      column('position'),
      column('stream_id'),
      column('version'),
      events.map(({ data }) => JSON.stringify(data)),
      column('correlation_id'),
      column('causation_id'),
    ],
  );
}

async function logged(client: Client): Promise<readonly Event[]> {
  const { rows } = await client.query<Event>(
    'select position, stream_id, version, data, correlation_id, causation_id from pulp.event order by position',
  );
  return rows;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}
