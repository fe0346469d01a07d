import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { suite } from 'node:test';
import { migrate } from '../../src/postgres/migrate.ts';
import { connect, databaseUrl } from '../support/database.ts';

/** An empty database, dropped at the end of its scope. */
async function emptyDatabase(): Promise<AsyncDisposable & { readonly url: string }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const administer = async (statement: string) => {
    await using client = await connect(databaseUrl('postgres'));
    await client.query(statement);
  };
  await administer(`create database ${name}`);
  return {
    url: databaseUrl(name),
    [Symbol.asyncDispose]: () => administer(`drop database ${name} with (force)`),
  };
}

suite('migrate', () => {
  test('runs each script once, however many processes come at once', async () => {
    await using database = await emptyDatabase();
    const reports = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)));
    assert.ok(reports.some(({ applied }) => applied.includes('migrations/001_event_log.sql')));
    assert.equal(reports.filter(({ applied }) => applied.includes('migrations/001_event_log.sql')).length, 1);
    assert.deepEqual(await migrate(database.url), { applied: [] });
  });

  test('re-creates a function whose text is another now, and closes it to the public again', async () => {
    await using database = await emptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query("update pulp.migration set checksum = 'old' where name = 'functions/finish.sql'");
    await client.query('grant execute on function pulp.finish to public');
    const { applied } = await migrate(database.url);
    assert.deepEqual(applied, ['functions/finish.sql', 'grants.sql']);
    const { rows } = await client.query(
      "select has_function_privilege('public', 'pulp.finish(text, bigint, jsonb)', 'execute') as open",
    );
    assert.deepEqual(rows, [{ open: false }]);
  });

  test('re-creates with the fold of tasks what has lists that depend on it', async () => {
    await using database = await emptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query("update pulp.migration set checksum = 'old' where name = 'functions/task_after.sql'");
    const { applied } = await migrate(database.url);
    assert.deepEqual(applied, [
      'functions/task_after.sql',
      'functions/fold_completed.sql',
      'functions/fold_granted.sql',
      'functions/fold_granted_and_started.sql',
      'functions/fold_released_and_completed.sql',
      'functions/fold_started.sql',
      'functions/tasks_after.sql',
      'grants.sql',
    ]);
  });

  test('refuses a migration that was changed, and one of a newer version', async () => {
    await using database = await emptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    await client.query(
      "update pulp.migration set checksum = 'other' where name = 'migrations/002_projections.sql'",
    );
    await assert.rejects(migrate(database.url), { code: 'MIGRATION_CHANGED' });
    await client.query(
      "update pulp.migration set name = 'migrations/999_later.sql' where checksum = 'other'",
    );
    await assert.rejects(migrate(database.url), { code: 'MIGRATION_UNKNOWN' });
  });

  test('leaves a comment on every table and column', async () => {
    await using database = await emptyDatabase();
    await migrate(database.url);
    await using client = await connect(database.url);
    const { rows } = await client.query(
      `select c.relname, a.attname from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'pulp'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
         and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)`,
    );
    assert.deepEqual(rows, []);
  });
});
