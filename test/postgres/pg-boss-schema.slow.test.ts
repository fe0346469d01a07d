import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import type { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import { migrate, pendingScripts } from '../../src/postgres/migrate.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createEmptyDatabase } from '../support/database.ts';

suite("pg-boss's schema", () => {
  afterEach(() => {
    delete process.env['PULP_BOSS_SCHEMA'];
  });

  test('is what the first migration said, for everybody from then on', async () => {
    await using database = await createEmptyDatabase();
    process.env['PULP_BOSS_SCHEMA'] = 'queues_of_ours';
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query("select pulp.enqueue('t')");
    assert.deepEqual(await jobs(client, 'queues_of_ours'), ['default t']);
    assert.equal(await exists(client, 'pulp_boss'), false);

    delete process.env['PULP_BOSS_SCHEMA'];
    assert.deepEqual(await migrate(database.url), { applied: [] });
    assert.deepEqual(await pendingScripts(client), []);
    assert.deepEqual((await verify(database.url)).violations, []);

    process.env['PULP_BOSS_SCHEMA'] = 'pulp_boss';
    await assert.rejects(migrate(database.url), {
      code: 'SCHEMA_MISMATCH',
      message: /schema queues_of_ours, and PULP_BOSS_SCHEMA says pulp_boss/,
    });
    assert.equal(await exists(client, 'pulp_boss'), false);
    for (const name of ['Pulp', 'pulp', 'public', 'pg_boss', 'a.b', 'x'.repeat(51)]) {
      process.env['PULP_BOSS_SCHEMA'] = name;
      await assert.rejects(migrate(database.url), { code: 'INVALID_INPUT' });
    }
  });

  test('of somebody else is neither used nor migrated', async () => {
    await using database = await createEmptyDatabase();
    await using client = await connect(database.url);
    const theirs = new PgBoss({ connectionString: database.url, schema: 'pulp_boss', supervise: false });
    await theirs.start();
    await theirs.stop({ graceful: false });
    await client.query(
      'update pulp_boss.version set version = version - 1; drop function pulp_boss.job_now() cascade',
    );
    const before = await client.query('select * from pulp_boss.version');

    await assert.rejects(migrate(database.url), {
      code: 'SCHEMA_TAKEN',
      message: /pulp_boss has something in it/,
    });
    assert.deepEqual((await client.query('select * from pulp_boss.version')).rows, before.rows);

    process.env['PULP_BOSS_SCHEMA'] = 'select'; // a word of SQL
    await assert.rejects(migrate(database.url), { code: 'SCHEMA_TAKEN' });
    process.env['PULP_BOSS_SCHEMA'] = 'elsewhere';
    await migrate(database.url);
    await client.query("select pulp.enqueue('t')");
    assert.deepEqual(await jobs(client, 'elsewhere'), ['default t']);
  });

  test('that another client has brought to a newer version is told of, and that is all', async () => {
    await using database = await createEmptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query(
      "update pulp_boss.version set version = 1000; update pulp.migration set checksum = 'old' where name = 'grants.sql'",
    );
    await assert.rejects(migrate(database.url), {
      code: 'SCHEMA_TOO_NEW',
      message: /pulp_boss is of version 1000/,
    });
  });

  test('that was left out of a dump is made again', async () => {
    await using database = await createEmptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query('drop schema pulp_boss cascade');
    assert.notDeepEqual(await pendingScripts(client), []);
    await migrate(database.url);
    await client.query("select pulp.enqueue('t')");
    assert.deepEqual(await jobs(client, 'pulp_boss'), ['default t']);
  });

  test('of the first edition is left to the others in it', async () => {
    await using database = await createEmptyDatabase();
    await makeFirstEdition(database.url);
    await using client = await connect(database.url);
    await using theirs = await startBoss(database.url, 'pgboss');
    // No mark was kept then: the functions of today take every queue for one of ours.
    await client.query(`
      create view pulp.queue as select name from pgboss.queue;
      select pulp.enqueue('t', options => jsonb_build_object('priority', n % 2)) from generate_series(1, 4) n;
      select pulp.enqueue('t', options => '{"queue": "shared"}');
      select pulp.enqueue('t', resources => '{/a/}'), pulp.enqueue('t', options => '{"delay": "1h"}');
      select pulp.grant_reservations();
      drop view pulp.queue`);
    const line = () => client.query<{ id: string }>(`select id from pulp.task where state = 'waiting'`);
    await theirs.createQueue('theirs');
    await theirs.send('theirs', { its: 'own' });
    await theirs.send('shared', { its: 'own' });
    const before = await order(client, 'pgboss');
    assert.equal(before.length, 6);
    assert.equal((await line()).rows.length, 7);

    await migrate(database.url);
    assert.deepEqual(await order(client, 'pulp_boss'), before);
    assert.deepEqual(await jobs(client, 'pgboss'), ['shared ', 'theirs ']);
    const { rows: queues } = await client.query<{ name: string }>(
      'select name from pgboss.queue order by name',
    );
    assert.deepEqual(
      queues.map(({ name }) => name).filter((name) => !name.startsWith('__')),
      ['shared', 'theirs'],
    );
    assert.deepEqual((await verify(database.url)).violations, []);
    assert.deepEqual(await migrate(database.url), { applied: [] });
  });
});

/** A database as the first edition left it: in a schema that pg-boss's other clients use, too, and of which no mark is kept. */
async function makeFirstEdition(url: string): Promise<void> {
  process.env['PULP_BOSS_SCHEMA'] = 'pgboss';
  await migrate(url);
  delete process.env['PULP_BOSS_SCHEMA'];
  await using client = await connect(url);
  await client.query(`
    delete from pulp.migration where name in ('pg-boss schema', 'migrations/012_own_queues.sql');
    drop table pulp.queue;
    create or replace function pulp.create_queues(names text[]) returns void language sql as $$
      select pgboss.create_queue(name, '{"policy": "standard", "retentionSeconds": 2147483647}') from unnest(names) as name
    $$`);
}

async function startBoss(url: string, schema: string): Promise<PgBoss & AsyncDisposable> {
  const boss = new PgBoss({ connectionString: url, schema, supervise: false, schedule: false });
  await boss.start();
  return Object.assign(boss, { [Symbol.asyncDispose]: () => boss.stop({ graceful: false }) });
}

/** Queue and task type of each job, sorted. */
async function jobs(client: Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ job: string }>(
    `select name || ' ' || coalesce(data ->> 'name', '') as job from ${schema}.job order by 1`,
  );
  return rows.map(({ job }) => job);
}

/** The ids of our jobs in the order of delivery. */
async function order(client: Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from ${schema}.job where data ? 'name' order by name, priority desc, created_on, id`,
  );
  return rows.map(({ id }) => id);
}

async function exists(client: Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema]);
  return rowCount === 1;
}
