import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { parse } from 'node:path';
import { PulpError } from '../../errors.ts';
import { getCurrentTask } from '../../tasks/current.ts';
import { MODE_BITS } from './pinned-directory.ts';
import { WorkerDirectory } from './worker-directory.ts';

/** Who uses the directories of runs that this process has made and not yet deleted. */
const users = new Map<string, Set<WorkingDirectory>>();

/** Those that the process has entered and not left, the one it is in last. */
const entered: WorkingDirectory[] = [];

/** What changes a directory within this time may leave the time of its last change as it was, in milliseconds. */
const TICK_MS = 100;

/** A directory that was found empty longer after its last change than that: as long as that time stands, it is. */
let empty: { readonly ino: number; readonly mtimeMs: number } | undefined;

/** The worker's directory in which this process keeps an empty one for its next run. */
let vacancyIn: string | undefined;

/**
 * The directory of a run: `<worker-dir>/<task-id>` (pulpcore's `WorkingDirectory`). It exists, and is the process's
 * current directory, until it is disposed of: `await using directory = await WorkingDirectory.enter()`. Then the process
 * is back where it was, and the directory gone whatever the task did with it; see `WorkerDirectory` for what withstands.
 * In a process that has the run's directory already, as in a horse, it is that one. It stays until the last of its users is
 * through, or the run.
 */
export class WorkingDirectory implements AsyncDisposable, Disposable {
  /** Absolute. */
  readonly path: string;
  readonly #worker: WorkerDirectory;
  readonly #taskId: string;
  /** It ends with its run, whoever has not left it. */
  readonly #isRuns: boolean;
  readonly #isReused: boolean;
  #left: string | undefined;

  private constructor(workerDirectory: string, taskId: string, { isRuns = false, isReused = false }) {
    this.#isRuns = isRuns;
    this.#isReused = isReused;
    this.#worker = WorkerDirectory.at(workerDirectory);
    this.#taskId = taskId;
    this.path = this.#worker.workingDirectory(taskId);
    let others = users.get(this.path);
    if (others === undefined) {
      // The long way is for what is not as it should be.
      if (!makeQuickly(this.#worker, this.path)) this.#worker.makeWorkingDirectorySync(taskId);
      users.set(this.path, (others = new Set()));
    }
    others.add(this);
  }

  /**
   * Makes and enters the directory of the current task. The current directory is one for all of a process: in an inline
   * task, others that run at the same time see it, too.
   *
   * @throws PulpError OUTSIDE_TASK outside of one, and as `of`
   */
  static enter(): Promise<WorkingDirectory> {
    return new Promise((resolve) => {
      const task = getCurrentTask();
      if (task === undefined) {
        throw new PulpError('OUTSIDE_TASK', 'a working directory exists only within a task', {
          remedy: 'Call this in the code of a task.',
        });
      }
      resolve(WorkingDirectory.of(task.worker.directory, task.id));
    });
  }

  /**
   * Makes and enters the directory of a task of this worker.
   *
   * @param options.isReused the process keeps the directory, empty and under another name, for the next run that it does this
   *   for: on a disk, renaming costs a quarter of making and removing
   * @throws PulpError DIRECTORY_UNUSABLE, WORKING_ROOT_UNSAFE and others, see `WorkerDirectory`
   */
  static of(workerDirectory: string, taskId: string, { isReused = false } = {}): WorkingDirectory {
    const directory = new WorkingDirectory(workerDirectory, taskId, { isRuns: isReused, isReused });
    try {
      directory.#left = currentDirectory();
      process.chdir(directory.path);
      entered.push(directory);
      return directory;
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes the directory of a run of this worker, for as long as the run goes on, without entering it. @throws as `of` */
  static make(workerDirectory: string, taskId: string): WorkingDirectory {
    return new WorkingDirectory(workerDirectory, taskId, { isRuns: true });
  }

  [Symbol.dispose](): void {
    if (!this.#leave()) this.#worker.deleteWorkingDirectorySync(this.#taskId);
  }

  /** Lets the process do other work while a large directory is deleted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#leave()) await this.#worker.deleteWorkingDirectory(this.#taskId);
  }

  /** Goes back to where the process was; says whether nothing is left to delete. */
  #leave(): boolean {
    this.#goBack();
    const all = users.get(this.path);
    if (!all?.delete(this) || (all.size > 0 && !this.#isRuns)) return true;
    users.delete(this.path);
    return (this.#isReused && keepVacant(this.#worker, this.path)) || remove(this.path);
  }

  /** Back to where the process was; if it went on from here to another, that one goes back there in its turn. */
  #goBack(): void {
    const place = entered.indexOf(this);
    if (place === -1 || this.#left === undefined) return;
    entered.splice(place, 1);
    const next = entered[place];
    if (next !== undefined) {
      next.#left = this.#left;
      return;
    }
    try {
      process.chdir(this.#left);
    } catch {
      process.chdir(parse(this.path).root); // that place is gone or closed; stay in none that goes
    }
  }
}

/**
 * Makes the directory, of the vacant one if there is one, if all is as it should be: the worker's is no link, nothing is in
 * the way, no umask in effect, and no task has touched the vacant one.
 */
function makeQuickly(worker: WorkerDirectory, path: string): boolean {
  try {
    if (!lstatSync(worker.path).isDirectory()) return false;
    if (vacancyIn === worker.path) {
      vacancyIn = undefined;
      renameSync(worker.vacantDirectory(process.pid), path);
    } else {
      mkdirSync(path, WorkerDirectory.MODE);
    }
    return isPristine(path);
  } catch {
    return false;
  }
}

/** Keeps the directory for the next run if it is as it was made; says whether it is gone from here. */
function keepVacant(worker: WorkerDirectory, path: string): boolean {
  try {
    if (!isPristine(path)) return false;
    renameSync(path, worker.vacantDirectory(process.pid));
    vacancyIn = worker.path;
    return true;
  } catch {
    return false;
  }
}

function remove(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false; // not empty, most of the time
  }
}

/** Whether it is an empty directory as we make them. One that was empty before, and is as old, need not be read again. */
function isPristine(path: string): boolean {
  const stat = lstatSync(path);
  if (!stat.isDirectory() || (stat.mode & MODE_BITS) !== WorkerDirectory.MODE) return false;
  if (stat.ino === empty?.ino && stat.mtimeMs === empty.mtimeMs) return true;
  if (readdirSync(path).length > 0) return false;
  empty = Date.now() - stat.mtimeMs > TICK_MS ? { ino: stat.ino, mtimeMs: stat.mtimeMs } : undefined;
  return true;
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return parse(process.execPath).root; // it was deleted
  }
}
