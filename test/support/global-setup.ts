import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { TEMPLATE_DATABASE, databaseUrl } from './database.ts';

let home: string | undefined;

/** One throw-away server for a whole test run, with a migrated database that each test copies its own from. */
export async function globalSetup(): Promise<void> {
  home = await mkdtemp(join(tmpdir(), 'pulp-test-'));
  const server = await startEmbeddedServer(home);
  process.env['PULP_TEST_SERVER'] = server.url;
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create database ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate(databaseUrl(TEMPLATE_DATABASE));
}

export async function globalTeardown(): Promise<void> {
  if (home === undefined) return;
  await stopEmbeddedServer(home);
  await rm(home, { recursive: true, force: true });
}
