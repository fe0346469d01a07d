import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import {
  isProcessThere,
  listStatusFiles,
  readStatus,
  statusPath,
  type LifeState,
  type WorkerStatus,
} from './status-file.ts';

/** Without a sign of life for longer than this, in milliseconds, a worker's main loop stands still. */
export const STILL_MS = 10_000;

/** How a worker of this host fares, seen from outside. */
export interface WorkerCheck {
  readonly worker: string;
  readonly pid: number;
  readonly state: LifeState;
  readonly since: string;
  /** How long ago it gave its last sign of life, in milliseconds. */
  readonly ageMs: number;
  /** What is wrong with it: it lives unless it is `dead`, and is of use unless something is. */
  readonly problem: { readonly dead: boolean; readonly text: string } | null;
}

/** Checks the worker of this name, or all workers of this host below a root, by the files that they keep; without a database. */
export async function checkWorkers(root: string, name: string | undefined): Promise<readonly WorkerCheck[]> {
  const paths = name === undefined ? await listStatusFiles(root) : [statusPath(root, name)];
  const checks = await Promise.all(paths.map(checkWorker));
  return checks.filter((check) => check !== undefined);
}

async function checkWorker(path: string): Promise<WorkerCheck | undefined> {
  const status = await readStatus(path);
  const modified = await stat(path).catch(() => undefined);
  if (status?.host !== hostname() || modified === undefined) return undefined;
  const { worker, pid, state, since } = status;
  const ageMs = Math.max(0, Math.round(Date.now() - modified.mtimeMs));
  const dead = (await isProcessThere(status))
    ? ageMs > STILL_MS
      ? `has given no sign of life for ${Math.round(ageMs / 1000)} s`
      : undefined
    : `has died: there is no process ${pid} of it any more`;
  const text = dead ?? unreadiness(status);
  const problem = text === undefined ? null : { dead: dead !== undefined, text };
  return { worker, pid, state, since, ageMs, problem };
}

function unreadiness({ state, why }: WorkerStatus): string | undefined {
  return state === 'online' ? undefined : `is ${state}${why === null ? '' : `: ${why}`}`;
}
