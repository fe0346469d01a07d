import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** The migrated database that tests copy. */
export const TEMPLATE_DATABASE = 'pulp_template';

/** The address of a database on the test run's server. */
export function databaseUrl(name: string): string {
  const server = process.env['PULP_TEST_SERVER'];
  if (server === undefined)
    throw new Error('no test server: run the tests by `npm test`, or see its flags in package.json');
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** A migrated database of a test's own, dropped at the end of its scope. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Copies the template: `await using database = await createDatabase()`. */
export async function createDatabase(template = TEMPLATE_DATABASE): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} template ${template} strategy file_copy`);
  return {
    url: databaseUrl(name),
    [Symbol.asyncDispose]: () => administer(`drop database ${name} with (force)`),
  };
}

/** A database in which nothing was made yet. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template1');
}

/** A connected client, closed at the end of its scope: `await using client = await connect(url)`. */
export async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // a test may end its backend on purpose
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
