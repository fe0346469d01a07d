import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path/posix';
import type { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { dependsOnFold, withColumnLists } from './column-lists.ts';
import { connectDedicated } from './dedicated-client.ts';
import {
  claimPgBossSchema,
  DEFAULT_PG_BOSS_SCHEMA,
  hasPgBossSchema,
  inPgBossSchema,
  installPgBoss,
  pgBossScript,
  storedPgBossSchema,
  wantedPgBossSchema,
} from './pg-boss-schema.ts';
import { refuseStrangersGround } from './schema-ground.ts';
import { sqlFailure, toPulpError } from './sql-error.ts';

const SQL_ROOT = new URL('../../sql/', import.meta.url);

/** The table of what was done; run at the start of every migration. */
const LEDGER = new URL('migrations/000_ledger.sql', SQL_ROOT);

/** What the fold of tasks says, on which lists of columns depend. */
const FOLD = 'functions/task_after.sql';

/** How long one script may take, or another process's whole migration, in milliseconds. */
const PATIENCE_MS = 30 * 60_000;

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
 * functions and grants (again when their text changed), all under one lock and in one transaction; and begins the log's next
 * era, if one is due: see `pulp.begin_era_if_due`. Safe to call from
 * many processes at once, and quick where nothing is to be done.
 *
 * pg-boss's schema is ours alone. Its name is chosen at the first migration (`PULP_BOSS_SCHEMA`, else `pulp_boss`) and kept
 * in the ledger. The scripts write `pgboss.` for it, whatever it is: that is replaced when they are read, and nowhere else;
 * checksums are those of the replaced text. Lists of columns are put in when a script is run (see `withColumnLists`):
 * where they change, so did a migration, after which all functions are made anew, or the fold of tasks.
 *
 * @throws PulpError MIGRATION_CHANGED if a migration that was applied has another text now
 * @throws PulpError MIGRATION_UNKNOWN if the database was migrated by a newer version
 * @throws PulpError SCHEMA_TAKEN, SCHEMA_MISMATCH or SCHEMA_TOO_NEW if pg-boss's schema is not, or would not be, ours
 * @throws PulpError SCHEMA_NOT_OURS or SCHEMA_TAKEN if a schema was made by somebody else: see `refuseStrangersGround`
 */
export async function migrate(databaseUrl: string): Promise<MigrationReport> {
  const wantedSchema = wantedPgBossSchema();
  const client = await connectDedicated(databaseUrl, 'pulp migrate', {
    answerTimeoutMs: PATIENCE_MS,
    lockTimeoutMs: PATIENCE_MS,
  });
  try {
    await refuseStrangersGround(client, ['pulp']);
    const { schema, pending } = await findPending(client, wantedSchema);
    await refuseStrangersGround(client, [schema]);
    if (pending.length === 0) {
      await client.query('select pulp.begin_era_if_due()');
      return { applied: [] };
    }
    await locked(client, (ledger) => claimPgBossSchema(client, schema, ledger));
    await installPgBoss(client, schema);
    const wanted = await readScripts(schema);
    return { applied: await locked(client, (ledger) => apply(client, wanted, ledger)) };
  } catch (error) {
    if (sqlFailure(error)?.code !== '42501') throw toPulpError(error);
    throw new PulpError(
      'NOT_ALLOWED',
      `this user may not migrate the database: ${sqlFailure(error)?.message ?? ''}`,
      {
        remedy:
          'Migrate as the owner of its schemas; at first, as one with CREATE on the database and CREATEROLE.',
        cause: error,
      },
    );
  } finally {
    await client.end();
  }
}

/**
 * The scripts that the database lacks or has in another text; none if it is up to date.
 *
 * @throws PulpError MIGRATION_CHANGED or MIGRATION_UNKNOWN, as `migrate`
 */
export async function pendingScripts(client: Client): Promise<readonly string[]> {
  return (await findPending(client, undefined)).pending.map((script) => script.name);
}

/** Everything that makes this version's schema, in the order in which it is run: what depends on the fold of tasks after that. */
async function readScripts(schema: string): Promise<readonly Script[]> {
  const functions = await readFolder('functions', schema, { deep: true });
  return [
    { ...(await pgBossScript()), text: '' },
    ...(await readFolder('migrations', schema)),
    ...functions.filter(({ text }) => !dependsOnFold(text)),
    ...functions.filter(({ text }) => dependsOnFold(text)),
    ...(await readFolder('.', schema)),
  ];
}

/** What names the schema of this version: the same for the same scripts. */
export async function schemaFingerprint(): Promise<string> {
  const scripts = await readScripts(DEFAULT_PG_BOSS_SCHEMA);
  const all = createHash('sha256');
  for (const { name, checksum } of scripts) all.update(`${name} ${checksum}\n`);
  return all.digest('hex').slice(0, 12);
}

/** What is to be run, and which schema of pg-boss's it is for: the one asked for, else the one that is there. */
async function findPending(
  client: Client,
  wantedSchema: string | undefined,
): Promise<{ readonly schema: string; readonly pending: readonly Script[] }> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('pulp.migration') is not null as there",
  );
  const recorded: ReadonlyMap<string, string> =
    rows[0]?.there === true ? await readLedger(client) : new Map();
  const stored = storedPgBossSchema(recorded);
  const schema = wantedSchema ?? stored ?? DEFAULT_PG_BOSS_SCHEMA;
  const scripts = await readScripts(schema);
  if (stored !== schema || !(await hasPgBossSchema(client, schema))) return { schema, pending: scripts };
  refuseStrangers(recorded, scripts);
  return { schema, pending: scripts.filter((script) => recorded.get(script.name) !== script.checksum) };
}

/** A step of a migration in one transaction, under the lock of all migrations, with the ledger as it is then. */
async function locked<T>(
  client: Client,
  step: (ledger: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    await client.query("set local client_min_messages = 'warning'; set local check_function_bodies = off");
    await client.query('select pg_advisory_xact_lock(5264704, 0)'); // pulp.lock_class('migrate'), which may not be there yet
    await client.query(await readFile(LEDGER, 'utf8'));
    const done = await step(await readLedger(client));
    await client.query('commit');
    return done;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function apply(
  client: Client,
  wanted: readonly Script[],
  recorded: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  refuseStrangers(recorded, wanted);
  const isNew = (script: Script) => recorded.get(script.name) !== script.checksum;
  // A migration may drop functions, for what they take or give changes. A function that is made anew is open to everybody until
  // the grants have been run again.
  const functionsAreDue = wanted.some((script) => script.name.startsWith('migrations/') && isNew(script));
  const isFoldDue = wanted.some((script) => script.name === FOLD && isNew(script));
  const due = wanted.filter(
    (script) =>
      isNew(script) ||
      script.name === 'grants.sql' ||
      (functionsAreDue && script.name.startsWith('functions/')) ||
      (isFoldDue && dependsOnFold(script.text)),
  );
  for (const script of due) {
    await client.query(await withColumnLists(client, script.text));
    await client.query(
      `insert into pulp.migration (name, checksum) values ($1, $2)
       on conflict (name) do update set checksum = excluded.checksum, applied_at = clock_timestamp()`,
      [script.name, script.checksum],
    );
  }
  await client.query('select pulp.create_event_leaves(), pulp.begin_era_if_due()');
  return due.map((script) => script.name);
}

async function readLedger(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from pulp.migration',
  );
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

/** A migration is history: it must be there, and be what it was. */
function refuseStrangers(recorded: ReadonlyMap<string, string>, wanted: readonly Script[]): void {
  const known = new Map(wanted.map((script) => [script.name, script.checksum]));
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

/** The scripts of one folder below `sql/`, and of those in it, in order of their names. A script may move among these. */
async function readFolder(folder: string, schema: string, { deep = false } = {}): Promise<Script[]> {
  const entries = await readdir(new URL(folder, SQL_ROOT), { recursive: deep });
  const scripts = entries
    .filter((path) => path.endsWith('.sql'))
    .map((path) => ({ name: join(folder, basename(path)), file: new URL(join(folder, path), SQL_ROOT) }))
    .filter(({ file }) => file.href !== LEDGER.href)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    scripts.map(async ({ name, file }) => {
      const text = inPgBossSchema(await readFile(file, 'utf8'), schema);
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}
