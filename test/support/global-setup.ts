import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { plainAddress } from '../../src/cli/database-address.ts';
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { TEMPLATE_DATABASE } from './database.ts';

/** Files in memory: hundreds of databases are made and dropped, which a disk makes ten times as dear. */
const MEMORY_FOLDER = '/dev/shm';

/** How much room the files of a run may need, in bytes; containers often have less there. */
const ROOM = 4 * 2 ** 30;

const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/pulp-test-compile', import.meta.url));

/** Logs and journals of scenarios that failed, see `Fleet`. */
const KEPT = 'pulp-faults-';

let folder: string | undefined;
let home: string | undefined;

/**
 * One throw-away server for a whole test run, with a migrated database that each test copies its own from. All temporary
 * files of the run are in one folder, and what is compiled once serves all of its processes.
 */
export async function globalSetup(): Promise<void> {
  folder = await mkdtemp(join(await parentFolder(), 'pulp-test-'));
  await chmod(folder, 0o1777); // as /tmp has it: tests run processes of other users
  process.env['TMPDIR'] = folder;
  process.env['PULP_EMBEDDED_PORT'] = 'any'; // proxies and poolers of tests reach servers by TCP
  process.env['NODE_COMPILE_CACHE'] = COMPILE_CACHE;
  home = join(folder, 'server');
  const pristine = join(folder, 'pristine-server');
  await migrate(await prepareServer(home));
  await stopEmbeddedServer(home); // a copy of its files is a server, see OwnServer
  await promisify(execFile)('cp', ['-a', home, pristine]);
  const { url } = await startEmbeddedServer(home);
  process.env['PULP_TEST_SERVER'] = plainAddress(url); // poolers have ways of their own to ask for passwords
  process.env['PULP_TEST_PRISTINE_SERVER'] = pristine;
  await runOn(url, `create database ${TEMPLATE_DATABASE} template pulp`);
}
export async function globalTeardown(): Promise<void> {
  if (home !== undefined) await stopEmbeddedServer(home);
  if (folder === undefined) return;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(KEPT)) await rm(join(folder, name), { recursive: true, force: true });
  }
  await rmdir(folder).catch(() => undefined); // unless something is kept in it
}

/** Gives the address of a server's own database. */
async function prepareServer(home: string): Promise<string> {
  const { url } = await startEmbeddedServer(home);
  // What these servers hold need not outlive the machine, and has to find room in its memory.
  await runOn(url, 'alter system set fsync = off', `alter system set max_wal_size = '256MB'`);
  return url;
}

async function runOn(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function parentFolder(): Promise<string> {
  const room = await statfs(MEMORY_FOLDER)
    .then(({ bavail, bsize }) => bavail * bsize)
    .catch(() => 0);
  return room < ROOM ? tmpdir() : MEMORY_FOLDER;
}
