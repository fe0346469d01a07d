import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PulpError } from '../errors.ts';

/** The root of the workers' directories: `PULP_WORKING_DIRECTORY`, else one of this user's own below the temporary folder. */
export function workingRoot(): string {
  const chosen = process.env['PULP_WORKING_DIRECTORY'];
  return resolve(chosen !== undefined && chosen !== '' ? chosen : join(tmpdir(), `pulp-${userInfo().uid}`));
}

/** The directory of a worker: `<root>/<worker>` (the seed's `WorkerDirectory`). */
export class WorkerDirectory {
  /** Mode of the directory: its owner's alone. */
  static readonly MODE = 0o700;

  /** Absolute. */
  readonly path: string;

  /** @throws PulpError INVALID_INPUT if the name would lead out of the root */
  constructor(worker: string, root: string = workingRoot()) {
    this.path = resolve(root, worker);
    if (dirname(this.path) !== resolve(root)) {
      throw new PulpError('INVALID_INPUT', `worker name ${JSON.stringify(worker)} leads out of ${root}`, {
        remedy: 'Use a name without slashes and dots alone.',
        exitCode: 2,
      });
    }
  }

  /** Makes the directory; one that is there already is deleted first. */
  async create(): Promise<void> {
    await this.delete();
    await mkdir(dirname(this.path), { recursive: true, mode: WorkerDirectory.MODE });
    await mkdir(this.path, { mode: WorkerDirectory.MODE });
    await chmod(this.path, WorkerDirectory.MODE); // whatever the umask is
  }

  /** Deletes the directory and all in it; where permission is denied, sets the modes in the tree right and tries again. */
  async delete(): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')))
        throw error;
      await makeWritable(this.path);
      await rm(this.path, { recursive: true, force: true });
    }
  }
}

/** Sets the mode of every directory in a tree, following no links. */
async function makeWritable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, WorkerDirectory.MODE);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(path, entry.name));
  }
}
