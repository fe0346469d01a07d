import type { Logger } from 'pino';
import type { CurrentWorker } from '../../tasks/current.ts';
import type { TaskType } from '../../tasks/define-task.ts';
import { runTask, type RunEnvironment } from './run-task.ts';
import { openTask } from './task-requests.ts';
import type { Code } from './code.ts';
import type { StartedTask } from './run-records.ts';
import { WorkingDirectory } from '../directories/working-directory.ts';

/**
 * Runs a task's code in this process, for speed. Nothing can kill it: a canceled task that ignores its signal keeps its
 * resources until it ends. The signal and the directory are made when the code asks for them.
 */
export function startInline(
  type: TaskType,
  task: StartedTask,
  { worker, log }: { readonly worker: CurrentWorker; readonly log: Logger },
  reports: Pick<RunEnvironment, 'report' | 'recorded'>,
): Code {
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  let directory: WorkingDirectory | undefined;
  // Not before this has returned: the code may report at once.
  const outcome = Promise.resolve().then(() =>
    runTask(type, task, {
      worker,
      open: (places) => openTask(task, places),
      log: () => log,
      ...reports,
      signal: () => {
        controller ??= new AbortController();
        if (aborted !== undefined) controller.abort(aborted);
        return controller.signal;
      },
      workingDirectory: () => (directory ??= WorkingDirectory.make(worker.directory, task.id)).path,
    }),
  );
  return {
    ended: outcome.then((ended) => directory?.[Symbol.asyncDispose]().then(() => ended) ?? ended),
    abort: (reason) => {
      aborted = new Error(reason);
      controller?.abort(aborted);
    },
    kill: () => undefined,
  };
}
