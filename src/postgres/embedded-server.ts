import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PulpError } from '../errors.ts';
import { openClient } from './dedicated-client.ts';
import { addressOf, embeddedPort, SOCKET_PORT, type EmbeddedPort } from './embedded-address.ts';
import { findEmbeddedBinaries } from './embedded-binaries.ts';
import { ensureCluster, readPassword, writeSettings } from './embedded-cluster.ts';
import { discardStalePostmasterFile, findPostmaster, isServing, lastPort } from './postmaster-file.ts';
import { sqlFailure } from './sql-error.ts';
import { findServerAccount, startDaemonAs, type ServerAccount } from './server-account.ts';

/** Where the server lives and how to reach it. */
export interface EmbeddedServer {
  /** Of the database `pulp`, as its superuser; holds the password. */
  readonly url: string;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly pid: number;
  /** As Postgres gives it, such as `18.4`. */
  readonly version: string;
}

/** After a crash the server first replays what it had logged, up to max_wal_size. */
const START_TIMEOUT_MS = 120_000;

/** It finishes with a checkpoint. */
const STOP_TIMEOUT_MS = 60_000;

/** Another user's process reports nothing to us when it gets ready or ends, so we look. */
const POLL_MS = 20;

/** Tries until a start counts as failed; what is in its way may go: a port, a killed server's last process. */
const LAUNCHES = 6;
const FIRST_RELAUNCH_PAUSE_MS = 100;

/**
 * Ports below those that systems give to outgoing connections (32768 and up): a client that tries to reach a
 * stopped server can otherwise get the server's own port and keep it.
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** How much of the server's log an error shows. */
const LOG_LINES = 10;

/** What a connection meets while the server starts, recovers or stops (SQLSTATE 57P01 to 57P03). */
const NOT_NOW = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', '57P01', '57P02', '57P03']);

/**
 * Starts the Postgres server that lives under `home`, after making it on first use, and answers when it
 * accepts connections. When it runs already this only takes the time of a connection; any number of processes
 * may call it at once and get the same server. The server stays when the caller ends. `wasStarted`: it did not run before.
 *
 * Throws `EMBEDDED_SERVER_FAILED` (with the end of the server's log), `EMBEDDED_SERVER_UNREACHABLE` or
 * `EMBEDDED_SERVER_UNSUPPORTED`.
 */
export async function startEmbeddedServer(
  home: string,
): Promise<EmbeddedServer & { readonly wasStarted: boolean }> {
  return withClearErrors(home, async (place) => {
    const running = await readyServer(place);
    return running === undefined
      ? { ...(await bringUp(place)), wasStarted: true }
      : { ...running, wasStarted: false };
  });
}

/**
 * Stops the server under `home`: it ends all connections, rolls back their transactions and writes a
 * checkpoint. Answers when it has ended; false: it was not running.
 */
export async function stopEmbeddedServer(home: string): Promise<boolean> {
  return withClearErrors(home, async ({ dataDirectory, log }) => {
    const postmaster = await findPostmaster(dataDirectory);
    if (postmaster === undefined) return false;
    if (!signal(postmaster.pid, 'SIGINT')) return false; // SIGINT asks for a fast shutdown
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (performance.now() < deadline) {
      if (!(await isServing(postmaster.pid, dataDirectory))) return true;
      await pause(POLL_MS);
    }
    throw await failure(`did not stop within ${STOP_TIMEOUT_MS / 1000} s`, log);
  });
}

/** The server under `home`; undefined when it does not run or does not accept connections yet. */
export async function embeddedServerStatus(home: string): Promise<EmbeddedServer | undefined> {
  return withClearErrors(home, readyServer);
}

interface Place {
  readonly home: string;
  readonly dataDirectory: string;
  readonly log: string;
}

async function readyServer({ dataDirectory }: Place): Promise<EmbeddedServer | undefined> {
  const postmaster = await findPostmaster(dataDirectory);
  if (!postmaster?.ready) return undefined;
  const { pid } = postmaster;
  const url = addressOf(dataDirectory, postmaster, await readPassword(dataDirectory));
  try {
    return { url, dataDirectory, pid, version: await askVersion(url) };
  } catch (error) {
    const now = await findPostmaster(dataDirectory);
    const changed = now?.pid !== pid || !now.ready;
    if (changed || NOT_NOW.has(sqlFailure(error)?.code ?? '')) return undefined;
    throw error;
  }
}

/** Connects, which also proves that the server is ours: it has to know the password, too (see `require_auth`). */
async function askVersion(url: string): Promise<string> {
  const client = await openClient(url);
  try {
    const { rows } = await client.query<{ version: string }>(
      `select current_setting('server_version') version`,
    );
    return rows[0]?.version ?? '';
  } finally {
    await client.end();
  }
}

async function bringUp(place: Place): Promise<EmbeddedServer> {
  const { home, dataDirectory, log } = place;
  const binaries = await findEmbeddedBinaries();
  await makeDirectory(home);
  const account = await findServerAccount(dataDirectory, home, binaries.postgres);
  await ensureCluster(dataDirectory, binaries, account);
  const port = embeddedPort();
  await writeSettings(dataDirectory, port !== 'none', account.owner);
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (let launch = 0; launch < LAUNCHES; launch++) {
    if (launch > 0) await pause(FIRST_RELAUNCH_PAUSE_MS * 2 ** (launch - 1));
    await discardStalePostmasterFile(dataDirectory);
    const child = (await findPostmaster(dataDirectory))
      ? undefined
      : await launchServer(place, binaries.postgres, account, port);
    const server = await untilReadyOrGone(place, child, deadline);
    if (server !== undefined) return server;
  }
  throw await failure('did not start', log);
}

/** Makes a directory unless it is there. (Where the system lets nobody make one, Node's recursive mkdir tries for ever.) */
async function makeDirectory(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await mkdir(path).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  });
}

async function launchServer(
  { dataDirectory, log }: Place,
  postgres: string,
  account: ServerAccount,
  wanted: EmbeddedPort,
): Promise<ChildProcess> {
  const port = await choosePort(wanted, await lastPort(dataDirectory));
  await using output = await open(log, 'a', 0o600);
  if (account.owner !== undefined) await output.chown(account.owner.uid, account.owner.gid);
  const command = [postgres, '-D', dataDirectory, '-p', String(port)] as const;
  return await startDaemonAs(account, command, ['ignore', output.fd, output.fd]);
}

/** Waits for a server of whoever started it; undefined: ours has ended, if we have one, and there is no other. */
async function untilReadyOrGone(
  place: Place,
  child: ChildProcess | undefined,
  deadline: number,
): Promise<EmbeddedServer | undefined> {
  while (performance.now() < deadline) {
    const ended = child?.exitCode !== null || child.signalCode !== null;
    const server = await readyServer(place);
    if (server !== undefined) return server;
    if (ended && !(await findPostmaster(place.dataDirectory))) return undefined;
    await pause(POLL_MS);
  }
  throw await failure(`was not ready within ${START_TIMEOUT_MS / 1000} s`, place.log);
}

/** Of any port, the preferred one if it is free. */
async function choosePort(wanted: EmbeddedPort, preferred: number | undefined): Promise<number> {
  if (wanted === 'none') return SOCKET_PORT;
  if (wanted !== 'any') return wanted;
  let port = preferred === undefined || preferred === SOCKET_PORT ? randomPort() : preferred;
  while (!(await isFree(port))) port = randomPort();
  return port;
}

function randomPort(): number {
  return FIRST_PORT + randomInt(PORTS);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(probe, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  await once(probe.close(), 'close');
  return true;
}

/** Runs `work`, and gives whatever the system or Postgres throws at it the form of an error of ours. */
async function withClearErrors<Result>(
  home: string,
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const absolute = resolve(home);
  const place = {
    home: absolute,
    dataDirectory: join(absolute, 'postgres'),
    log: join(absolute, 'postgres.log'),
  };
  try {
    return await work(place);
  } catch (cause) {
    if (cause instanceof PulpError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PulpError('EMBEDDED_SERVER_FAILED', `The embedded Postgres under ${absolute}: ${reason}`, {
      remedy: `Check that ${absolute} is yours and on a disk with space, or set PULP_HOME or DATABASE_URL.`,
      cause,
    });
  }
}

/** Sends a signal; false: there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function failure(what: string, log: string): Promise<PulpError> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-LOG_LINES);
  return new PulpError(
    'EMBEDDED_SERVER_FAILED',
    `The embedded Postgres ${what}. Its log ends:\n${lines.join('\n')}`,
    { remedy: `Read ${log}, remove what it complains about, and try again; or set DATABASE_URL.` },
  );
}
