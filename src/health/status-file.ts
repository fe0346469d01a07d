import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { startTimeOf } from '../processes/start-time.ts';

/** How a worker fares, as it knows itself; `starting` is before its first birth. */
export type LifeState = (typeof LIFE_STATES)[number];
const LIFE_STATES = ['starting', 'online', 'unable', 'reconnecting', 'stopping'] as const;

const workerStatus = z.object({
  worker: z.string(),
  host: z.string(),
  pid: z.int().positive(),
  /** See `startTimeOf`. */
  startTime: z.string(),
  state: z.enum(LIFE_STATES),
  /** Since when it is in this state, by its host's clock. */
  since: z.iso.datetime(),
  /** Why, if there is more to say. */
  why: z.string().nullable(),
});

/** What stands in a status file. The file's time of modification is the last sign of life. */
export type WorkerStatus = z.infer<typeof workerStatus>;

/** How often the main loop of a worker gives a sign of life, in milliseconds. */
export const TOUCH_INTERVAL_MS = 1000;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS_MAY_WRITE = 0o022;

/** The folder of the status files below the root of the workers' directories. */
export function statusFolder(root: string): string {
  return join(root, '.status');
}

/**
 * The status file of a worker.
 *
 * @throws PulpError INVALID_INPUT if a file cannot have such a name
 */
export function statusPath(root: string, worker: string): string {
  if (/^[^/\0]+$/.test(worker)) return join(statusFolder(root), `${worker}.json`);
  throw new PulpError('INVALID_INPUT', `${JSON.stringify(worker)} cannot be the name of a worker`, {
    remedy: 'Use letters, digits and _.:@- alone.',
    exitCode: 2,
  });
}

/** Reads a status file; undefined if there is none, or it is none of ours. */
export async function readStatus(path: string): Promise<WorkerStatus | undefined> {
  const text = await readOwn(path).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  });
  try {
    return workerStatus.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What is in a file of this user; nothing if it is something else. Does not wait for whoever made a FIFO of that name. */
async function readOwn(path: string): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const found = await file.stat();
  if (!found.isFile() || found.uid !== (process.geteuid?.() ?? found.uid)) return '';
  return await file.readFile('utf8');
}

/** Whether the process that wrote this is still there. Of processes of other hosts nothing can be known. */
export async function isProcessThere({ pid, startTime }: WorkerStatus): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/** The paths of all status files. */
export async function listStatusFiles(root: string): Promise<readonly string[]> {
  const names = await namesIn(statusFolder(root));
  return names.filter((name) => name.endsWith('.json')).map((name) => join(statusFolder(root), name));
}

/** Status files that were not written to their end, and the processes that began to. */
async function listDrafts(root: string): Promise<readonly { readonly path: string; readonly pid: number }[]> {
  const names = await namesIn(statusFolder(root));
  return names.flatMap((name) => {
    const [, pid] = /\.json\.(\d+)$/.exec(name) ?? [];
    return pid === undefined ? [] : [{ path: join(statusFolder(root), name), pid: Number(pid) }];
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

/**
 * The status file of this process's worker: `<root>/.status/<worker>.json`. A file of another live process of the same
 * name is left to it until the database has given the name to us.
 */
export class StatusFile {
  readonly #path: string;
  readonly #root: string;
  readonly #worker: string;
  #status: WorkerStatus | undefined;

  /** @throws PulpError INVALID_INPUT if a file cannot have such a name */
  constructor(root: string, worker: string) {
    this.#path = statusPath(root, worker);
    this.#root = root;
    this.#worker = worker;
  }

  /** Removes the files that dead workers of this host left. */
  async removeVestiges(): Promise<void> {
    for (const path of await listStatusFiles(this.#root)) {
      const status = await readStatus(path);
      if (status?.host === hostname() && !(await isProcessThere(status))) await rm(path, { force: true });
    }
    for (const { path, pid } of await listDrafts(this.#root)) {
      if ((await startTimeOf(pid)) === undefined) await rm(path, { force: true });
    }
  }

  /** Writes the state, whole or not at all. */
  async write(state: LifeState, why?: string): Promise<void> {
    if (this.#status === undefined && state !== 'online' && (await this.#isAnothers())) return;
    this.#status = {
      worker: this.#worker,
      host: hostname(),
      pid: process.pid,
      startTime: (await startTimeOf(process.pid)) ?? '',
      state,
      since: new Date().toISOString(),
      why: why ?? null,
    };
    await this.#save(this.#status);
  }

  /** Gives a sign of life. */
  async touch(): Promise<void> {
    if (this.#status === undefined) return;
    const now = new Date();
    try {
      await utimes(this.#path, now, now);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.#save(this.#status); // somebody cleaned up
    }
  }

  /** Takes it away: the worker has ended. */
  async remove(): Promise<void> {
    if (this.#status === undefined || (await this.#isAnothers())) return;
    this.#status = undefined;
    await rm(this.#path, { force: true });
  }

  async #isAnothers(): Promise<boolean> {
    const status = await readStatus(this.#path);
    if (status === undefined) return false;
    if (status.host !== hostname()) return true;
    return status.pid !== process.pid && (await isProcessThere(status));
  }

  async #save(status: WorkerStatus): Promise<void> {
    await prepareFolder(statusFolder(this.#root));
    const draft = `${this.#path}.${process.pid}`;
    await rm(draft, { force: true });
    await writeFile(draft, `${JSON.stringify(status)}\n`, { flag: 'wx', mode: FILE_MODE });
    await rename(draft, this.#path);
  }
}

/** Makes the folder. One that others could put links into is not written to. */
async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & OTHERS_MAY_WRITE) === 0)
    return;
  throw new PulpError('STATUS_FOLDER_UNSAFE', `${folder} is no directory that this user alone can write to`, {
    remedy: 'Remove it; a worker makes it anew.',
  });
}
