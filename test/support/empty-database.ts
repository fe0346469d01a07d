import { randomBytes } from 'node:crypto';
import { connect, databaseUrl, type TestDatabase } from './database.ts';

/** A database in which nothing was made yet, dropped at the end of its scope. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name}`);
  return {
    url: databaseUrl(name),
    [Symbol.asyncDispose]: () => administer(`drop database ${name} with (force)`),
  };
}

async function administer(statement: string): Promise<void> {
  await using client = await connect(databaseUrl('postgres'));
  await client.query(statement);
}
