import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CommandLine } from '../cli/command-line.ts';
import { dedicate } from '../../src/postgres/dedicate.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { connect, createDatabase, createEmptyDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';

/** What somebody else, `stranger`, has done before or between migrations; and how a migration by the superuser ends. */
const PREPARED: readonly (readonly [
  what: string,
  made: boolean,
  sql: string,
  code: string | undefined,
  message?: RegExp,
])[] = [
  [
    'a schema',
    false,
    'create schema pulp authorization stranger',
    'SCHEMA_NOT_OURS',
    /^the schema pulp belongs to/,
  ],
  [
    "pg-boss's schema",
    false,
    'create schema pulp_boss authorization stranger',
    'SCHEMA_NOT_OURS',
    /pulp_boss/,
  ],
  [
    'the whole first edition of the schema, with a ledger of his own',
    true,
    'alter schema pulp owner to stranger; alter table pulp.migration owner to stranger; update pulp.migration set checksum = checksum',
    'SCHEMA_NOT_OURS',
  ],
  ['a table in a schema of ours', false, 'create schema pulp; create table pulp.task ()', 'SCHEMA_TAKEN'],
  [
    'a function in a schema of ours',
    true,
    'create function pulp.actor(text) returns text language sql as $$ select $1 $$; alter function pulp.actor(text) owner to stranger',
    'SCHEMA_NOT_OURS',
    /actor\(text\)/,
  ],
  [
    'a table of queues',
    true,
    'create table pulp_boss.mine (); alter table pulp_boss.mine owner to stranger',
    'SCHEMA_NOT_OURS',
    /mine/,
  ],
  [
    'the right to make things',
    true,
    'grant create on schema pulp to stranger',
    'SCHEMA_NOT_OURS',
    /may make things/,
  ],
  ['an empty schema of ours', false, 'create schema pulp; create schema pulp_boss', undefined],
  ['nothing', true, 'select 1', undefined],
];

suite('ground that somebody else has prepared', () => {
  for (const [what, made, sql, code, message = /./] of PREPARED) {
    test(`${what} ${code === undefined ? 'is built on' : 'is refused'}`, async () => {
      await using stranger = await Login.create([]);
      await using database = await (made ? createDatabase() : createEmptyDatabase());
      {
        await using client = await connect(database.url);
        await client.query(sql.replaceAll('stranger', stranger.name));
      }
      if (code === undefined) await migrate(database.url);
      else await assert.rejects(migrate(database.url), { name: 'PulpError', code, message });
    });
  }
});

suite('a dedicated database', () => {
  test('lets nobody but the owner of the schemas take advisory locks; it takes a superuser, who migrates nothing', async () => {
    await using owner = await Login.create([], 'createrole');
    await using observer = await Login.create(['pulp_observer']);
    await using database = await createEmptyDatabase();
    await using superuser = await connect(database.url);
    await superuser.query(
      `do $$ begin execute format('grant create on database %I to ${owner.name}', current_database()); end $$`,
    );
    await migrate(owner.at(database.url));
    await using client = await connect(observer.at(database.url));
    await client.query('select pg_advisory_lock(5264700, 0), pg_advisory_unlock_all()');
    await assert.rejects(dedicate(owner.at(database.url)), { code: 'NOT_ALLOWED' });

    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    assert.equal((await pulp.run(['db', 'migrate'])).code, 2, 'the superuser is not the owner');
    assert.deepEqual(await pulp.run(['db', 'migrate', '--dedicated']), {
      code: 0,
      stdout: 'up to date\nadvisory locks: only the owner of the schemas takes them\n',
      stderr: '',
    });
    await assert.rejects(client.query('select pg_advisory_lock(5264700, 0)'), { code: '42501' });
    assert.deepEqual(await migrate(owner.at(database.url)), { applied: [] });
  });

  test('is better not owned by a superuser: migrating says so', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { code, stderr } = await pulp.run(['db', 'migrate']);
    assert.equal(code, 0);
    assert.match(stderr, /^warning: the owner of the schemas is a superuser/);
  });
});
