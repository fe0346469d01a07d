import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { sqlFailure } from './sql-error.ts';
import { Semaphore } from './semaphore.ts';

/** The schema that pg-boss keeps our queues in, where `PULP_BOSS_SCHEMA` names no other. It is ours alone. */
export const DEFAULT_PG_BOSS_SCHEMA = 'pulp_boss';

/**
 * What the scripts below `sql/` write for the schema's name. (`"pgboss".` in quotes is no placeholder: it is the schema that
 * earlier versions shared with others.)
 */
const PLACEHOLDER = /\bpgboss\./g;

/** The rows of the ledger that say which pg-boss was installed, and where. */
const VERSION_ROW = 'pg-boss';
const SCHEMA_ROW = 'pg-boss schema';

/** What pg-boss adds to the name must fit, too. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,49}$/;

/** Says whose the schema is to whoever looks at the database. */
const MARK = 'The queues of Pulp tasking, kept by pg-boss. Not for other clients of pg-boss.';

/**
 * The schema that `PULP_BOSS_SCHEMA` asks for; undefined if it asks for none.
 *
 * @throws PulpError INVALID_INPUT for what cannot be the name of one
 */
export function wantedPgBossSchema(): string | undefined {
  const name = process.env['PULP_BOSS_SCHEMA'];
  if (name === undefined || name === '') return undefined;
  if (
    SCHEMA_NAME.test(name) &&
    !['pulp', 'public', 'information_schema'].includes(name) &&
    !name.startsWith('pg_')
  )
    return name;
  throw new PulpError('INVALID_INPUT', `PULP_BOSS_SCHEMA: ${JSON.stringify(name)} cannot be its name`, {
    remedy: 'Use up to 50 lower-case letters, digits and _, such as pulp_boss; not pulp, public or pg_….',
    exitCode: 2,
  });
}

/** The schema that this database was made with; undefined if it has none of ours yet. */
export function storedPgBossSchema(ledger: ReadonlyMap<string, string>): string | undefined {
  return ledger.get(SCHEMA_ROW);
}

/** The text of a script, for queues that are kept in this schema. */
export function inPgBossSchema(text: string, schema: string): string {
  return text.replace(PLACEHOLDER, `${schema}.`);
}

/** The script of the ledger that stands for pg-boss itself: its text is the version, which this package pins. */
export async function pgBossScript(): Promise<{ readonly name: string; readonly checksum: string }> {
  return { name: VERSION_ROW, checksum: (await pgBossManifest()).version };
}

/** Whether the schema is there. A dump of the schema `pulp` alone, restored, lacks it. */
export async function hasPgBossSchema(client: Client, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `select exists (select from pg_tables where schemaname = $1 and tablename = 'version') as there`,
    [schema],
  );
  return rows[0]?.there === true;
}

/**
 * Makes the schema ours, within the transaction of the caller, who holds the lock of migrations and has read the ledger.
 * What is there already and not ours is never touched.
 *
 * @throws PulpError SCHEMA_TAKEN, SCHEMA_MISMATCH, SCHEMA_TOO_NEW
 */
export async function claimPgBossSchema(
  client: Client,
  schema: string,
  ledger: ReadonlyMap<string, string>,
): Promise<void> {
  const stored = storedPgBossSchema(ledger);
  if (stored !== undefined) {
    refuseAnother(schema, stored);
    await refuseNewer(client, schema);
    return;
  }
  const { rows } = await client.query<{ taken: boolean; plain: boolean }>(
    `select quote_ident($1) = $1 as plain, exists (
       select from pg_depend d join pg_namespace n on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
       where n.nspname = $1) as taken`,
    [schema],
  );
  if (rows[0]?.plain !== true || rows[0].taken) {
    const problem = rows[0]?.taken
      ? `the schema ${schema} has something in it, and pg-boss's schema is to be ours alone`
      : `the schema ${schema} would be named like a word of SQL`;
    throw new PulpError('SCHEMA_TAKEN', problem, {
      remedy:
        'Set PULP_BOSS_SCHEMA to another name for this first `pulp db migrate`; or drop the schema, if nobody needs it.',
      exitCode: 2,
    });
  }
  await client.query(`create schema if not exists ${schema}; comment on schema ${schema} is '${MARK}'`);
  await client.query('insert into pulp.migration (name, checksum) values ($1, $2)', [SCHEMA_ROW, schema]);
}

/**
 * Installs pg-boss in the schema, which `claimPgBossSchema` has made ours, or brings it up to the version that this package
 * pins. Not within a transaction. Safe to call from many processes at once: pg-boss takes a lock of its own.
 */
export async function installPgBoss(client: Client, schema: string): Promise<void> {
  const { PgBoss } = await import('pg-boss'); // a large module that most processes never need
  const oneByOne = new Semaphore(1); // it asks several things at once of the one connection
  const boss = new PgBoss({
    db: {
      async executeSql(text: string, values: unknown[] = []) {
        return oneByOne.pass(async () => {
          try {
            // Its scripts are many statements in a transaction of their own; what is one has values.
            return await (values.length === 0 ? client.query(text) : client.query(text, values));
          } catch (error) {
            await client.query('rollback');
            throw inItsWords(error);
          }
        });
      },
    },
    schema,
    registerInstance: false, // it is there to tell clients that take from our queues
    supervise: false,
    schedule: false,
  });
  boss.on('error', () => undefined); // start() itself rejects; without a listener the process would end here
  await boss.start();
  await boss.stop({ graceful: false });
}

/** pg-boss knows by the English words of the server that another process was quicker; a server may speak another language. */
function inItsWords(error: unknown): unknown {
  const code = sqlFailure(error)?.code;
  if (['42P06', '42P07', '42710', '23505'].includes(code ?? ''))
    return new Error('already exists', { cause: error });
  return code === '22012' ? new Error('division by zero', { cause: error }) : error;
}

function refuseAnother(schema: string, stored: string): void {
  if (schema === stored) return;
  throw new PulpError(
    'SCHEMA_MISMATCH',
    `this database keeps its queues in the schema ${stored}, and PULP_BOSS_SCHEMA says ${schema}`,
    {
      remedy: `Set PULP_BOSS_SCHEMA to ${stored}, or leave it out: it matters at the first migration alone.`,
      exitCode: 2,
    },
  );
}

/** Another program's pg-boss may have brought our schema to its own version. */
async function refuseNewer(client: Client, schema: string): Promise<void> {
  if (!(await hasPgBossSchema(client, schema))) return;
  const { rows } = await client.query<{ version: number }>(`select version from ${schema}.version`);
  const known = (await pgBossManifest()).pgboss.schema;
  const found = rows[0]?.version ?? 0;
  if (found <= known) return;
  throw new PulpError(
    'SCHEMA_TOO_NEW',
    `the schema ${schema} is of version ${found} of pg-boss's schema, and this version knows ${known}`,
    {
      remedy: `Upgrade pulp-tasking. If it was another client of pg-boss that changed ${schema}: give it a schema of its own.`,
    },
  );
}

interface PgBossManifest {
  readonly version: string;
  readonly pgboss: { readonly schema: number };
}

async function pgBossManifest(): Promise<PgBossManifest> {
  const manifest = await readFile(new URL('../package.json', import.meta.resolve('pg-boss')), 'utf8');
  return JSON.parse(manifest) as PgBossManifest;
}
