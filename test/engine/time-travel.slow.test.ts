import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { anyCommand } from '../model/any-command.ts';
import { ON_WORKER_LOSS, newWorkers } from '../model/cast.ts';
import { Command } from '../model/command.ts';
import { EngineModel } from '../model/engine-model.ts';
import { EngineUnderTest } from '../model/engine-under-test.ts';
import { connect, createDatabase } from '../support/database.ts';
import { unpackBatches } from '../support/unpack-batches.ts';

/** All that can be seen again, each row as JSON, in order. */
interface Picture {
  readonly tasks: readonly unknown[];
  readonly workers: readonly unknown[];
  readonly claims: readonly unknown[];
}

interface Photograph {
  /** By the database's clock, to the microsecond. */
  readonly at: string;
  readonly picture: Picture;
}

test('whatever is done, the past is seen as it was', async () => {
  await using database = await createDatabase();
  await using engine = await EngineUnderTest.open(database.url);
  const album: Photograph[] = [];
  const photograph = new Command('a photograph is taken', async () => {
    album.push(await takePhotograph(engine.client));
  });
  await fc.assert(
    fc.asyncProperty(
      fc.commands([...anyCommand, ...Array.from({ length: 8 }, () => fc.constant(photograph))], {
        maxCommands: 100,
        size: 'max',
      }),
      async (commands) => {
        await engine.reset();
        album.length = 0;
        const model = new EngineModel(newWorkers(), ON_WORKER_LOSS);
        for (const worker of model.workers) model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
        await fc.asyncModelRun(() => ({ model, real: engine }), commands);
        album.push(await takePhotograph(engine.client));
        for (const { at, picture } of album) {
          assert.deepEqual(await pictureAt(engine.client, at), picture);
          assert.deepEqual(await tasksOneByOne(engine.client, at), picture.tasks);
        }
      },
    ),
    { numRuns: Number(process.env['PULP_MODEL_RUNS'] ?? 20), interruptAfterTimeLimit: 60_000 },
  );
});

test('an event counts once all before it do, should the clock have been set back', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const id = await enqueue(client);
  await append(client, id, 2, 'TaskCanceled', '-1 minute');
  assert.deepEqual(await statesAt(client, id, `now() - interval '30 s'`), []);
  assert.deepEqual(await statesAt(client, id, `now() + interval '30 s'`), ['canceled']);
});

test('a task whose first events are gone is gone from the past', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const id = await enqueue(client);
  const other = await enqueue(client);
  await client.query('select pulp.cancel($1)', [id]);
  await unpackBatches(client);
  await client.query(`begin; set local session_replication_role = replica`);
  await client.query(`delete from pulp.event_single where stream_id = $1 and version = 1`, [id]);
  await client.query('commit');
  assert.deepEqual(await statesAt(client, id, 'clock_timestamp()'), []);
  assert.deepEqual(await statesAt(client, other, 'clock_timestamp()'), ['waiting']);
  const { rows } = await client.query<{ id: string }>('select id from pulp.task_at(clock_timestamp())');
  assert.deepEqual(rows, [{ id: other }]);
  const { rows: why } = await client.query<{ time: unknown }>(`select pulp.why($1) -> 'time' as time`, [id]);
  assert.deepEqual(why, [{ time: null }]);
});

test('a task that was purged is seen in its time, and not after it', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const id = await enqueue(client);
  await client.query('select pulp.cancel($1)', [id]);
  const { at, picture } = await takePhotograph(client);
  await client.query(`select pulp.purge_tasks('infinity')`);
  assert.deepEqual(await pictureAt(client, at), picture);
  const { at: now } = await takePhotograph(client);
  assert.deepEqual(await pictureAt(client, now), { tasks: [], workers: [], claims: [] });
  assert.deepEqual(await statesAt(client, id, 'clock_timestamp()'), []);
});

test('an observer may look back', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await enqueue(client);
  await client.query('set role pulp_observer');
  for (const table of ['task', 'worker', 'reservation']) {
    await client.query(`select * from pulp.${table}_at(clock_timestamp())`);
  }
  const { rows } = await client.query(
    'select t.id from pulp.task x cross join lateral pulp.task_at(clock_timestamp(), x.id) t',
  );
  assert.equal(rows.length, 1);
});

async function takePhotograph(client: Client): Promise<Photograph> {
  const { rows } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
  return {
    at: rows[0]?.at ?? '',
    picture: await pictureFrom(client, 'pulp.task', 'pulp.worker', 'pulp.reservation'),
  };
}

function pictureAt(client: Client, at: string): Promise<Picture> {
  const past = (table: string) => `pulp.${table}_at(${client.escapeLiteral(at)})`;
  return pictureFrom(client, past('task'), past('worker'), past('reservation'));
}

async function pictureFrom(client: Client, tasks: string, workers: string, claims: string): Promise<Picture> {
  return {
    tasks: await rowsOf(client, tasks, 'id'),
    workers: await rowsOf(client, workers, 'name'),
    claims: await rowsOf(client, claims, 'task_id, resource'),
  };
}

function tasksOneByOne(client: Client, at: string): Promise<readonly unknown[]> {
  const one = `pulp.task_at(${client.escapeLiteral(at)}, known.id)`;
  return rowsOf(client, `(select t.* from pulp.task known cross join lateral ${one} t)`, 'id');
}

async function rowsOf(client: Client, source: string, order: string): Promise<unknown[]> {
  const { rows } = await client.query<{ row: unknown }>(
    `select to_jsonb(x) as row from ${source} x order by ${order}`,
  );
  return rows.map(({ row }) => row);
}

async function enqueue(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`select pulp.enqueue('t') as id`);
  return rows[0]?.id ?? '';
}

async function append(
  client: Client,
  id: string,
  version: number,
  type: string,
  after: string,
): Promise<void> {
  await client.query(
    `select pulp.log_batches(pulp.event_batches($3, pulp.new_positions(1), array[$1::uuid], array[$2::integer], null, null, null, pulp.event_tx(),
       clock_timestamp() + $4::interval))`,
    [id, version, type, after],
  );
}

async function statesAt(client: Client, id: string, at: string): Promise<string[]> {
  const { rows } = await client.query<{ state: string }>(`select state from pulp.task_at(${at}, $1)`, [id]);
  return rows.map(({ state }) => state);
}
