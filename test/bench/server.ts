import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';

/**
 * Settings of the throw-away cluster. Durability stays as it is in production; the rest keeps a checkpoint
 * from falling into somebody's drain.
 */
const CLUSTER_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
};

/** What the report says about the server, because rates mean nothing without it. */
const REPORTED_SETTINGS = ['server_version', 'shared_buffers', 'max_wal_size', 'fsync', 'synchronous_commit'];

/** The server that all contestants share. Disposing of it ends it, if it was started for the benchmark. */
export interface BenchServer extends AsyncDisposable {
  /** Its version and settings, on one line. */
  readonly description: string;
  /** Creates an empty database. */
  createDatabase(): Promise<BenchDatabase>;
}

/** A contestant's database. Disposing of it drops it and writes out what it left dirty. */
export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  /**
   * Brings the database into the state of one that has been in use for a while, whoever filled it: vacuumed,
   * analyzed, and with nothing left for a checkpoint to write.
   */
  settle(): Promise<void>;
}

/**
 * The server of `BENCH_DATABASE_URL`, whose user must be a superuser (databases are created, checkpoints
 * forced), else a throw-away cluster.
 */
export async function openBenchServer(): Promise<BenchServer> {
  const url = process.env.BENCH_DATABASE_URL;
  return url ? connect(url, async () => {}) : startThrowAwayCluster();
}

async function startThrowAwayCluster(): Promise<BenchServer> {
  const home = await mkdtemp(join(tmpdir(), 'pulp-bench-'));
  process.env['PULP_EMBEDDED_PORT'] = 'any'; // all contestants go by TCP, as to a server elsewhere
  const remove = async (): Promise<void> => {
    await stopEmbeddedServer(home);
    await rm(home, { recursive: true });
  };
  try {
    await configure((await startEmbeddedServer(home)).url);
    await stopEmbeddedServer(home);
    return await connect((await startEmbeddedServer(home)).url, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function configure(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (const [name, value] of Object.entries(CLUSTER_SETTINGS)) {
      await client.query(`alter system set ${name} = '${value}'`);
    }
  });
}

async function connect(url: string, end: () => Promise<void>): Promise<BenchServer> {
  const admin = new pg.Client(url);
  await admin.connect();
  let databases = 0;
  return {
    description: await describe(admin),
    createDatabase: async () => {
      databases += 1;
      return createDatabase(admin, url, `pulp_bench_${process.pid}_${databases}`);
    },
    [Symbol.asyncDispose]: async () => {
      await admin.end();
      await end();
    },
  };
}

async function createDatabase(admin: pg.Client, serverUrl: string, name: string): Promise<BenchDatabase> {
  await admin.query(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    settle: async () => {
      await withClient(url.href, (client) => client.query('vacuum (analyze)'));
      await admin.query('checkpoint');
    },
    [Symbol.asyncDispose]: async () => {
      // Without FORCE the server waits some seconds for connections that are still closing, which the peers'
      // pools do not; one that stays open is a fault of its contestant and an error.
      await admin.query(`drop database ${name}`);
      await admin.query('checkpoint');
    },
  };
}

async function describe(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ setting: string }>(
    `select name || ' ' || current_setting(name) as setting from unnest($1::text[]) with ordinality as wanted(name, place)
     order by place`,
    [REPORTED_SETTINGS],
  );
  return rows.map((row) => row.setting).join(', ');
}

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
