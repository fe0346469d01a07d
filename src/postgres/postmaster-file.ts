import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file without a process id is being written at this moment, unless it is older than this. */
const WRITING_TIME_MS = 10_000;

/** In /proc/<pid>/stat: not a zombie, which an ended process stays where the first process reaps none. */
const LIVE_POSTGRES = /^\d+ \(postgres\) [^ZX]/;

/** The server process of a data directory, as it describes itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it listens on that port; else the port is only in the name of its Unix socket. */
  readonly isOnTcp: boolean;
  /** Whether it accepts connections; it does not yet while it starts or recovers, nor while it stops. */
  readonly ready: boolean;
}

/**
 * The live server process of `dataDirectory`, or undefined. A file that a crash or a reboot left behind does
 * not count, also when its process id belongs to another process by now.
 */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readText(join(dataDirectory, 'postmaster.pid'));
  if (text === undefined) return undefined;
  const postmaster = parse(text);
  return (await isServing(postmaster.pid, dataDirectory)) ? postmaster : undefined;
}

/**
 * Takes away a `postmaster.pid` with no live server behind it. Postgres would do so itself, but it takes any
 * process of the same user for a server, and of two servers that start at once one can remove the file of
 * the other. (Processes that a killed server left behind still keep a new one out, by their shared memory.)
 */
export async function discardStalePostmasterFile(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, 'postmaster.pid');
  const text = await readText(file);
  if (text === undefined) return;
  const { pid } = parse(text);
  if (Number.isNaN(pid) ? await isFresh(file) : await isServing(pid, dataDirectory)) return;
  const aside = `${file}.stale-${randomUUID()}`;
  try {
    await rename(file, aside);
    // A server has started since we looked: that one's file goes back.
    if ((await readText(aside)) !== text) await link(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** The port that the server had when it last started, or undefined before that. */
export async function lastPort(dataDirectory: string): Promise<number | undefined> {
  const commandLine = await readText(join(dataDirectory, 'postmaster.opts'));
  const port = commandLine?.match(/"-p" "(\d+)"/)?.[1];
  return port === undefined ? undefined : Number(port);
}

/** Whether `pid` is a live server of this data directory, as far as the system lets us see. */
export async function isServing(pid: number, dataDirectory: string): Promise<boolean> {
  if (process.platform !== 'linux') return isPostgresByPs(pid);
  if (!LIVE_POSTGRES.test((await readText(`/proc/${pid}/stat`)) ?? '')) return false;
  const [itsDirectory, ours] = await Promise.all(
    [`/proc/${pid}/cwd`, dataDirectory].map((path) => stat(path).catch(() => undefined)),
  );
  // Containers hide the working directories of other users' processes even from root.
  if (itsDirectory === undefined || ours === undefined) return ours !== undefined;
  return itsDirectory.ino === ours.ino && itsDirectory.dev === ours.dev;
}

/** Lines: pid, data directory, start time, port, socket directory, address, shared memory, status. */
function parse(text: string): Postmaster {
  const lines = text.split('\n');
  return {
    pid: Math.abs(Number.parseInt(lines[0] ?? '', 10)), // negative for a stand-alone backend
    port: Number.parseInt(lines[3] ?? '', 10),
    isOnTcp: (lines[5]?.trim() ?? '') !== '',
    ready: lines[7]?.trim() === 'ready',
  };
}

async function isFresh(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < WRITING_TIME_MS;
}

async function isPostgresByPs(pid: number): Promise<boolean> {
  const listing = promisify(execFile)('ps', ['-o', 'stat=,comm=', '-p', String(pid)]);
  return listing.then(
    ({ stdout }) => /^[^Z]\S*\s+(.*\/)?postgres\s*$/.test(stdout),
    () => false,
  );
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: a file of /proc whose process ended between opening and reading it.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
    throw error;
  }
}
