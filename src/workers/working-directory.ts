import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PulpError } from '../errors.ts';
import { getCurrentTask } from '../tasks/current.ts';
import { WorkerDirectory } from './worker-directory.ts';

/**
 * The directory of a run: `<worker-dir>/<task-id>` (the seed's `WorkingDirectory`). It exists, and is the process's
 * current directory, until it is disposed of: `await using directory = await WorkingDirectory.enter()`.
 */
export class WorkingDirectory implements AsyncDisposable, Disposable {
  /** Absolute. */
  readonly path: string;
  readonly #left: string;

  private constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true, mode: WorkerDirectory.MODE });
    this.#left = process.cwd();
    process.chdir(path);
  }

  /** Makes and enters the directory of the current task. @throws PulpError OUTSIDE_TASK outside of one */
  static enter(): Promise<WorkingDirectory> {
    const task = getCurrentTask();
    if (task === undefined) {
      return Promise.reject(
        new PulpError('OUTSIDE_TASK', 'a working directory exists only within a task', {
          remedy: 'Call this in the code of a task.',
        }),
      );
    }
    return Promise.resolve(WorkingDirectory.of(task.worker.directory, task.id));
  }

  /** Makes and enters the directory of a task of this worker. */
  static of(workerDirectory: string, taskId: string): WorkingDirectory {
    return new WorkingDirectory(join(workerDirectory, taskId));
  }

  [Symbol.dispose](): void {
    process.chdir(this.#left);
    rmSync(this.path, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }
}
