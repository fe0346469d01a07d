/**
 * A horse: the child process that runs task code, one task at a time, each in a directory of its own. It is forked by a
 * worker, stays warm for the next task, and ends with its worker.
 */
import { pino } from 'pino';
import { loadTaskTypes } from '../tasks/task-registry.ts';
import type { FromHorse, HorseSettings, ToHorse } from './horse-protocol.ts';
import { failed } from './outcome.ts';
import { runTask } from './run-task.ts';
import type { StartedTask } from './session.ts';
import { WorkingDirectory } from './working-directory.ts';

const settings = JSON.parse(process.argv[2] ?? '') as HorseSettings;
const log = pino(
  { level: process.env['PULP_LOG_LEVEL'] ?? 'info', base: { worker: settings.worker, horse: process.pid } },
  pino.destination({ dest: 2, sync: true }),
);

process.once('disconnect', () => process.exit(1)); // the worker is gone
const abortion = { controller: new AbortController() };
process.on('SIGTERM', () => {
  abortion.controller.abort(new Error('the task is to end'));
});
process.on('SIGINT', () => undefined); // Ctrl-C in a terminal reaches us too; our worker decides

const registry = await loadTaskTypes(settings.tasksFile);
process.on('message', (message: ToHorse) => {
  switch (message.type) {
    case 'run':
      void perform(message.task);
      break;
    case 'abort':
      abortion.controller.abort(new Error(message.reason));
      break;
  }
});
send({ type: 'ready' });

async function perform(task: StartedTask): Promise<void> {
  abortion.controller = new AbortController();
  const type = registry.get(task.name);
  if (type === undefined) {
    const unknown = new Error(`this worker knows no task type ${task.name}`);
    send({
      type: 'ended',
      id: task.id,
      outcome: failed(unknown, { code: 'UNKNOWN_TASK_TYPE', retry: false }),
    });
    return;
  }
  let outcome;
  {
    using directory = WorkingDirectory.of(settings.workerDirectory, task.id);
    outcome = await runTask(type, task, {
      worker: { name: settings.worker, directory: settings.workerDirectory },
      log,
      signal: () => abortion.controller.signal,
      workingDirectory: () => directory.path,
      report: (progress) => {
        send({ type: 'progress', id: task.id, progress });
      },
    });
  }
  send({ type: 'ended', id: task.id, outcome });
}

function send(message: FromHorse): void {
  process.send?.(message);
}
