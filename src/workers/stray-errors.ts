import type { Logger } from 'pino';
import { getCurrentTask } from '../tasks/current.ts';
import type { PulpWorker } from './pulp-worker.ts';

/**
 * Has this process go on when code inline throws where nobody can catch it: a run that does so fails (`UNCAUGHT_EXCEPTION`,
 * `UNHANDLED_REJECTION`), what an ended task left behind is logged, and no other run is touched. An error that is no task's
 * ends the process, as without this. For processes that are a worker and nothing else.
 */
export function catchStrayErrors(worker: PulpWorker, log: Logger): void {
  const catchAs = (code: string) => (thrown: unknown) => {
    const task = getCurrentTask();
    if (task !== undefined) {
      worker.strayError(task, thrown, code);
      return;
    }
    log.fatal({ err: thrown }, 'an error that nobody caught ends the worker');
    process.exit(1);
  };
  process.on('uncaughtException', catchAs('UNCAUGHT_EXCEPTION'));
  process.on('unhandledRejection', catchAs('UNHANDLED_REJECTION'));
}
