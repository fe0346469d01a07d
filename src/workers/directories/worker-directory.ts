import { randomBytes, randomUUID } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NAME_PATTERN } from '../../constants.ts';
import { PulpError } from '../../errors.ts';
import { DirectoryClaims, standingOf, thisClaimant, type Claimant } from './directory-claim.ts';
import { PRIVATE_MODE, type PinnedDirectory } from './pinned-directory.ts';
import {
  atOnce,
  because,
  discard,
  gently,
  isRemains,
  REMAINS_PREFIX,
  warnOfRemains,
  type Removal,
} from './remove-tree.ts';
import { makeWorkingRoot, openWorkingRoot, workingRoot } from './working-root.ts';

const TASK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where the processes of runs keep the code that they have compiled. */
const COMPILE_CACHE = '.compile-cache';

/** What the directories are called that are empty and kept for the next run: with the process that keeps it. */
const VACANT = '.vacant-';

/** The directories of workers that this process has made, by path: which inode each is. Tasks may do with them what they like. */
const made = new Map<string, number>();

/** What a directory's mode lets the group and others do. */
const FOR_OTHERS = 0o077;

/** What a directory's name has after the worker's where another live process has that of the worker. No worker's name has a ~. */
const DISTINCTION = /~[0-9a-f]{8}$/;

/**
 * The directory of a worker, `<root>/<worker>` (pulpcore's `WorkerDirectory`), in which each run has one of its own. Workers of
 * two databases may have one name: the later one gets `<root>/<worker>~…`, see `DirectoryClaims`. Whoever makes its directory
 * removes those of processes that are over. A
 * removal stays in the tree: links in it, and a link in the place of the directory, are removed and never followed, also
 * if they are put there meanwhile. What cannot be removed is renamed to `.remains-…` beside it with a process warning,
 * and tried again when the next worker of this root makes its directory.
 */
export class WorkerDirectory {
  /** Mode of the directory: its owner's alone. */
  static readonly MODE = PRIVATE_MODE;

  readonly #root: string;
  readonly #worker: string;
  readonly #claims: DirectoryClaims;
  /** Of the directory. */
  #name: string;
  #us: Claimant | undefined;
  #kept: Disposable | undefined;
  #sweep: Promise<void> | undefined;

  /** @throws PulpError INVALID_INPUT if it is no name of a worker */
  constructor(worker: string, root: string = workingRoot()) {
    if (!NAME_PATTERN.test(worker)) {
      // Of the others, some would lead out of a directory, or be hidden.
      throw new PulpError('INVALID_INPUT', `${JSON.stringify(worker)} cannot be the name of a worker`, {
        remedy: 'A name starts with a letter and has up to 128 letters, digits and _ . : @ - in all.',
        exitCode: 2,
      });
    }
    this.#root = resolve(root);
    this.#worker = worker;
    this.#name = worker;
    this.#claims = new DirectoryClaims(this.#root);
  }

  /** The directory of a worker by its path. @throws PulpError INVALID_INPUT as the constructor */
  static at(path: string): WorkerDirectory {
    const name = basename(path);
    const directory = new WorkerDirectory(name.replace(DISTINCTION, ''), dirname(path));
    directory.#name = name;
    return directory;
  }

  /** Absolute. It is final when the directory was made. */
  get path(): string {
    return join(this.#root, this.#name);
  }

  /** The path of the directory of a run. @throws PulpError INVALID_INPUT if it is no id of a task */
  workingDirectory(taskId: string): string {
    if (TASK_ID.test(taskId)) return join(this.path, taskId);
    throw new PulpError('INVALID_INPUT', `${JSON.stringify(taskId)} is not the id of a task`, {
      remedy: 'The id of a task is a UUID.',
      exitCode: 2,
    });
  }

  /** The path of the empty directory that a process may keep between two runs. */
  vacantDirectory(pid: number): string {
    return join(this.path, `${VACANT}${pid}`);
  }

  /** Removes the one of a process that has ended. */
  deleteVacantDirectory(pid: number): void {
    try {
      rmdirSync(this.vacantDirectory(pid));
    } catch {
      // it kept none, or it goes with the worker's directory
    }
  }

  /**
   * Makes the directory, empty; one that is there already is deleted first. Only its worker, alive and holding the name,
   * may call this. In the background, the directories of processes that are over are removed.
   *
   * @param database in which it holds the name, see `pulp.database_identity`
   * @throws PulpError WORKING_ROOT_UNSAFE, WORKING_ROOT_UNUSABLE; DIRECTORY_NOT_OURS as `delete`; DIRECTORY_STUCK;
   *   DIRECTORY_UNUSABLE
   */
  async create(database: string | null = this.#us?.database ?? null): Promise<void> {
    using root = makeWorkingRoot(this.#root);
    const us = await thisClaimant(database);
    await this.#claim(us);
    try {
      await this.#clear(root);
    } catch (error) {
      this.#claims.release(this.#name);
      throw error;
    }
    void (this.#sweep ??= this.#removeVestiges(us).catch(warn)); // whatever an end cuts short is left to the next
    for (const remains of root.names().filter(isRemains)) {
      await gently(discard(root, remains, join(this.#root, remains.toString()))).catch(warn);
    }
    using _directory = this.#makeOwn(root);
  }

  /** Tries whether files can be made in the directory, which is made anew should it be gone; gives why not, if they cannot. */
  async probe(): Promise<string | undefined> {
    const file = join(this.path, `.probe-${randomBytes(6).toString('hex')}`);
    try {
      await writeFile(file, '', { flag: 'wx', mode: 0o600 });
      await rm(file, { force: true });
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return unwritable(this.path, error);
      return this.create().then(
        () => undefined,
        (cause: unknown) => unwritable(this.path, cause),
      );
    }
  }

  /**
   * Deletes the directory and all in it, whatever modes a task has set there. No directory is fine, too.
   *
   * @throws PulpError DIRECTORY_NOT_OURS if it is not a worker's, as when the root is a folder of something else;
   *   DIRECTORY_STUCK if it can be neither removed nor renamed; WORKING_ROOT_UNSAFE
   */
  async delete(): Promise<void> {
    const other = this.#claims.read(this.#name);
    if (
      other !== undefined &&
      (await standingOf(other, this.#us ?? (await thisClaimant(null)))) === 'alive'
    ) {
      throw new PulpError(
        'DIRECTORY_NOT_OURS',
        `${this.path} is the directory of process ${other.pid} on ${other.host}`,
        {
          remedy: 'Stop that worker; it removes its directory.',
        },
      );
    }
    using root = openWorkingRoot(this.#root);
    if (root !== undefined) await this.#clear(root);
    this.#kept?.[Symbol.dispose]();
    this.#claims.release(this.#name);
  }

  /**
   * Deletes the directory of a run, as after its process was killed. Never rejects: whatever stays is told by a process
   * warning, and goes with the worker's directory.
   */
  async deleteWorkingDirectory(taskId: string): Promise<void> {
    await gently(this.#removal(taskId)).catch(warn);
  }

  /** The same, all at once: holds up the process until it is done. */
  deleteWorkingDirectorySync(taskId: string): void {
    try {
      atOnce(this.#removal(taskId));
    } catch (error) {
      warn(error);
    }
  }

  /**
   * Makes the directory of a run, empty; what an earlier run left there is deleted, and the worker's own directory set
   * right if it is gone or closed.
   *
   * @throws PulpError DIRECTORY_UNUSABLE if it cannot be made, as on a full disk, and as `create`
   */
  makeWorkingDirectorySync(taskId: string): void {
    atOnce(this.#removal(taskId));
    using root = makeWorkingRoot(this.#root);
    root.unlink(this.#name); // a link in its place
    using worker = this.#makeOwn(root);
    this.#make(worker, taskId)[Symbol.dispose]();
  }

  /** Claims the directory of the worker's name, or another one beside it while a live process has that. */
  async #claim(us: Claimant): Promise<void> {
    while (!(await this.#claimName(us))) this.#name = `${this.#worker}~${randomBytes(4).toString('hex')}`;
    this.#us = us;
    this.#kept?.[Symbol.dispose]();
    this.#kept = this.#claims.keep(this.#name, us);
  }

  async #claimName(us: Claimant): Promise<boolean> {
    try {
      if (this.#claims.take(this.#name, us)) return true;
    } catch (error) {
      throw new PulpError(
        'DIRECTORY_UNUSABLE',
        `the directory ${this.path} cannot be claimed${because(error)}`,
        {
          remedy: 'See to it that the disk has room, and that this user may write to the folder it is in.',
          cause: error,
        },
      );
    }
    const other = this.#claims.read(this.#name);
    const standing = other === undefined ? 'over' : await standingOf(other, us);
    return standing === 'ours' || (standing === 'over' && this.#claims.takeOver(this.#name, other, us));
  }

  /** Removes the directories of processes that have ended without doing so. */
  async #removeVestiges(us: Claimant): Promise<void> {
    using root = openWorkingRoot(this.#root);
    for (const name of root === undefined ? [] : this.#claims.names()) {
      const other = name === this.#name ? undefined : this.#claims.read(name);
      if (root === undefined || other === undefined || !isName(name)) continue;
      // Of those elsewhere, their database may know better.
      if ((await standingOf(other, { ...us, database: null })) !== 'over') continue;
      if (!this.#claims.takeOver(name, other, us)) continue;
      // Out of the way at once, so that a worker of that name hardly meets our claim.
      const remains = `${REMAINS_PREFIX}${randomUUID()}`;
      try {
        using directory = root.open(name);
        if (directory === undefined || !isWorkers(directory)) continue;
        root.move(name, root, remains);
      } finally {
        this.#claims.release(name);
      }
      await gently(discard(root, remains, join(this.#root, name))).catch(warn);
    }
  }

  /** Deletes the directory if it is a worker's. A link or a file in its place is removed without a question. */
  async #clear(root: PinnedDirectory): Promise<void> {
    {
      using directory = root.open(this.#name);
      if (directory !== undefined && made.get(this.path) !== directory.stat().ino && !isWorkers(directory)) {
        throw new PulpError('DIRECTORY_NOT_OURS', `${this.path} is not the directory of a worker`, {
          remedy: 'Set PULP_WORKING_DIRECTORY to a folder of its own, or remove the directory by hand.',
          exitCode: 2,
        });
      }
    }
    await gently(discard(root, this.#name, this.path));
    made.delete(this.path);
  }

  *#removal(taskId: string): Removal {
    const path = this.workingDirectory(taskId);
    using root = openWorkingRoot(this.#root);
    using worker = root?.openWritable(this.#name);
    if (worker !== undefined) yield* discard(worker, taskId, path);
  }

  #makeOwn(root: PinnedDirectory): PinnedDirectory {
    const directory = this.#make(root, this.#name);
    made.set(this.path, directory.stat().ino);
    return directory;
  }

  #make(parent: PinnedDirectory, name: string): PinnedDirectory {
    try {
      return parent.makeDirectory(name);
    } catch (error) {
      const path = name === this.#name ? this.path : join(this.path, name);
      throw new PulpError('DIRECTORY_UNUSABLE', `the directory ${path} cannot be made${because(error)}`, {
        remedy: 'See to it that the disk has room, and that this user may write to the folder it is in.',
        cause: error,
      });
    }
  }
}

/** Whether it looks like one: private as it was made, or, if a task has set its mode, with nothing in it but what is ours. */
function isWorkers(directory: PinnedDirectory): boolean {
  const { mode } = directory.stat();
  const isOpen = (mode & PRIVATE_MODE) === PRIVATE_MODE && (mode & FOR_OTHERS) !== 0;
  return !isOpen || directory.names().every(isOurs);
}

function isOurs(name: Buffer): boolean {
  const text = name.toString();
  return isRemains(name) || TASK_ID.test(text) || text.startsWith(VACANT) || text === COMPILE_CACHE;
}

/** Whether it is the name of a worker's directory. */
function isName(name: string): boolean {
  return NAME_PATTERN.test(name.replace(DISTINCTION, ''));
}

function warn(error: unknown): void {
  warnOfRemains(error instanceof Error ? error.message : String(error));
}

function unwritable(path: string, error: unknown): string {
  return `its directory ${path} cannot be written to: ${error instanceof Error ? error.message : String(error)}`;
}
