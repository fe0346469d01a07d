import { Client } from 'pg';
import { copyDatabase, type TestDatabase } from '../../src/testing/test-database.ts';

export type { TestDatabase };

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

/** Copies the template: `await using database = await createDatabase()`. */
export function createDatabase(template = TEMPLATE_DATABASE): Promise<TestDatabase> {
  return copyDatabase(databaseUrl('postgres'), template);
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
