import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { installPgBoss } from './pg-boss-schema.ts';

const SQL_ROOT = new URL('../../sql/', import.meta.url);

/** What a migration did: the scripts that it ran, in order. Empty if the database was up to date. */
export interface MigrationReport {
  readonly applied: readonly string[];
}

interface Script {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/**
 * Brings the database up to this version: pg-boss's schema, the numbered migrations (each once, for ever), then the
 * functions, views and grants (again when their text changed), all under one lock and in one transaction. Safe to call
 * from many processes at once.
 *
 * @throws PulpError MIGRATION_CHANGED if a migration that was applied has another text now
 * @throws PulpError MIGRATION_UNKNOWN if the database was migrated by a newer version
 */
export async function migrate(databaseUrl: string): Promise<MigrationReport> {
  await installPgBoss(databaseUrl);
  const client = new Client({ connectionString: databaseUrl, application_name: 'pulp migrate' });
  await client.connect();
  try {
    return await migrateWith(client);
  } finally {
    await client.end();
  }
}

async function migrateWith(client: Client): Promise<MigrationReport> {
  const migrations = await scripts('migrations');
  const replaceable = [...(await scripts('functions')), ...(await scripts('views')), ...(await scripts('.'))];
  await client.query('begin');
  try {
    await client.query("set local client_min_messages = 'warning'; set local check_function_bodies = off");
    await client.query('select pg_advisory_xact_lock(5264704, 0)'); // pulp.lock_class('migrate'), which may not be there yet
    await client.query(await readFile(new URL('migrations/000_ledger.sql', SQL_ROOT), 'utf8'));
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'select name, checksum from pulp.migration',
    );
    const recorded = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseStrangers(recorded, migrations);

    const due = [...migrations, ...replaceable].filter(
      (script) => recorded.get(script.name) !== script.checksum,
    );
    for (const script of due) {
      await client.query(script.text);
      await client.query(
        `insert into pulp.migration (name, checksum) values ($1, $2)
         on conflict (name) do update set checksum = excluded.checksum, applied_at = clock_timestamp()`,
        [script.name, script.checksum],
      );
    }
    await client.query('select pulp.create_event_leaves()');
    await client.query('commit');
    return { applied: due.map((script) => script.name) };
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** A migration is history: it must be there, and be what it was. */
function refuseStrangers(recorded: ReadonlyMap<string, string>, migrations: readonly Script[]): void {
  const known = new Map(migrations.map((script) => [script.name, script.checksum]));
  for (const [name, checksum] of recorded) {
    if (!name.startsWith('migrations/')) continue;
    const expected = known.get(name);
    if (expected === undefined) {
      throw new PulpError(
        'MIGRATION_UNKNOWN',
        `the database has a migration that this version does not know: ${name}`,
        {
          remedy: 'Upgrade pulp-tasking to the version that migrated this database.',
        },
      );
    }
    if (expected !== checksum) {
      throw new PulpError(
        'MIGRATION_CHANGED',
        `migration ${name} is not the one that was applied to the database`,
        {
          remedy: 'Restore the released text of this file; put changes into a new migration.',
        },
      );
    }
  }
}

/** The scripts of one folder below `sql/`, in order of their names. */
async function scripts(folder: string): Promise<Script[]> {
  const names = (await readdir(new URL(`${folder}/`, SQL_ROOT)))
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return Promise.all(
    names
      .filter((name) => name !== '000_ledger.sql')
      .map(async (name) => {
        const text = await readFile(new URL(`${folder}/${name}`, SQL_ROOT), 'utf8');
        const checksum = createHash('sha256').update(text).digest('hex');
        return { name: folder === '.' ? basename(name) : `${folder}/${name}`, text, checksum };
      }),
  );
}
