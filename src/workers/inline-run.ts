import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { CurrentWorker } from '../tasks/current.ts';
import type { TaskType } from '../tasks/define-task.ts';
import { runTask } from './run-task.ts';
import type { Code } from './runs.ts';
import type { StartedTask } from './session.ts';
import { WorkerDirectory } from './worker-directory.ts';

/**
 * Runs a task's code in this process, for speed. Nothing can kill it: a cancelled task that ignores its signal keeps its
 * resources until it ends. The signal and the directory are made when the code asks for them.
 */
export function startInline(
  type: TaskType,
  task: StartedTask,
  { worker, log }: { readonly worker: CurrentWorker; readonly log: Logger },
  report: (progress: string) => void,
): Code {
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  let directory: string | undefined;
  const outcome = runTask(type, task, {
    worker,
    log,
    report,
    signal: () => {
      controller ??= new AbortController();
      if (aborted !== undefined) controller.abort(aborted);
      return controller.signal;
    },
    workingDirectory: () => {
      if (directory === undefined) {
        directory = join(worker.directory, task.id);
        mkdirSync(directory, { recursive: true, mode: WorkerDirectory.MODE });
      }
      return directory;
    },
  });
  return {
    ended: outcome.then((ended) => {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
      return ended;
    }),
    abort: (reason) => {
      aborted = new Error(reason);
      controller?.abort(aborted);
    },
    kill: () => undefined,
  };
}
