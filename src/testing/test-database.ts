import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { withDatabase } from '../postgres/address/resolve.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { migrate, schemaFingerprint } from '../postgres/migrate.ts';

/** A database of a test's own, dropped at its end. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** The lock of those who make the template. */
const TEMPLATE_LOCK = 7_265_831;

/**
 * Makes a database for a test as a copy of one that this version has migrated, which is made first where it is not there.
 *
 * @param serverUrl any database of the server, as one who may create databases there
 */
export async function createTestDatabase(serverUrl: string): Promise<TestDatabase> {
  return copyDatabase(serverUrl, await templateOn(serverUrl));
}

/** Makes a database for a test as a copy of another one, to which nobody may be connected. */
export async function copyDatabase(serverUrl: string, template: string): Promise<TestDatabase> {
  const name = `pulp_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl, (client) =>
    client.query(`create database ${name} template ${template} strategy file_copy`),
  );
  return {
    url: withDatabase(serverUrl, name),
    [Symbol.asyncDispose]: () =>
      administer(serverUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

const templates = new Map<string, Promise<string>>();

function templateOn(serverUrl: string): Promise<string> {
  let template = templates.get(serverUrl);
  if (template === undefined) {
    template = makeTemplate(serverUrl);
    templates.set(serverUrl, template);
    template.catch(() => templates.delete(serverUrl));
  }
  return template;
}

async function makeTemplate(serverUrl: string): Promise<string> {
  const name = `pulp_template_${await schemaFingerprint()}`;
  return administer(serverUrl, async (client) => {
    const isThere = async () =>
      (await client.query('select from pg_database where datname = $1 and datistemplate', [name]))
        .rowCount === 1;
    if (await isThere()) return name;
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    if (await isThere()) return name; // another process was first
    await client.query(`drop database if exists ${name} with (force)`); // of one that was killed
    await client.query(`create database ${name}`);
    await migrate(withDatabase(serverUrl, name));
    await client.query(`alter database ${name} is_template true`);
    return name;
  });
}

async function administer<T>(serverUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectDedicated(serverUrl, 'pulp testing', { lockTimeoutMs: 0 });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
