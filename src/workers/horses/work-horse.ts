/** What a horse does: it runs the tasks that its worker sends, one at a time. It stays warm for the next, and dies with its worker. */
import { fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { pino } from 'pino';
import { getCurrentTask } from '../../tasks/current.ts';
import { loadTaskTypes, type TaskRegistry } from '../../tasks/task-registry.ts';
import { Channel } from './channel.ts';
import { ChildWatch } from './child-watch.ts';
import { CHANNEL_FD, type FromHorse, type HorseSettings, type ToHorse } from './horse-protocol.ts';
import { describeError, failed, type Outcome } from '../outcome.ts';
import { PacedReports } from './paced-reports.ts';
import { runTask } from '../run-task.ts';
import type { StartedTask } from '../run-records.ts';
import { WorkingDirectory } from '../directories/working-directory.ts';

/** How much rather than its worker or the database the kernel is to kill a horse that eats its memory, of 1000. */
const OOM_SCORE = 500;

/** How long after SIGTERM word of the worker may come that it was the sender, in milliseconds. */
const WORD_MS = 100;

const settings = JSON.parse(process.argv[2] ?? '') as HorseSettings;
const log = pino(
  { level: process.env['PULP_LOG_LEVEL'] ?? 'info', base: { worker: settings.worker, horse: process.pid } },
  pino.destination({ dest: 2, sync: true }),
);

/** The task that runs. */
let current: StartedTask | undefined;
let abortion = new AbortController();
/** Something is not as it was: this process is to run no other task. */
let isSpent = false;

offerToOomKiller();
const children = new ChildWatch();
const channel = new Channel<ToHorse, FromHorse>(
  new Socket({ fd: CHANNEL_FD, readable: true, writable: true }),
  {
    onMessage: (message) => {
      if (message.type === 'run') void perform(message.task);
      else abortion.abort(new Error(message.reason));
    },
    onFault: () => process.kill(-process.pid, 'SIGKILL'), // the worker is gone: we go, with all we have started
  },
);
process.on('SIGTERM', () => {
  // Our worker sends it to the whole group, along with word to abort the run. From anybody else it is the end.
  setTimeout(() => {
    if (abortion.signal.aborted) return;
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  }, WORD_MS);
});
process.on('uncaughtException', (error) => {
  onStray(error, 'UNCAUGHT_EXCEPTION');
});
process.on('unhandledRejection', (reason) => {
  onStray(reason, 'UNHANDLED_REJECTION');
});
process.on('exit', (code) => {
  const caller = new Error(`the process of the task exited with code ${code} without a result`);
  dieOf(caller, 'HORSE_DIED');
});

let registry: TaskRegistry | undefined;
const loading = loadTaskTypes(settings.tasksFile);
await loading.then(
  () => {
    channel.send({ type: 'ready' });
  },
  (error: unknown) => {
    dieOf(error);
  },
);

async function perform(task: StartedTask): Promise<void> {
  current = task;
  abortion = new AbortController(); // before anything is awaited: word to abort may come right behind
  registry ??= await loading.catch(() => undefined);
  if (registry === undefined) return; // we are dying of it
  const reports = new PacedReports((progress) => {
    channel.send({ type: 'progress', id: task.id, progress });
  });
  const outcome = await outcomeOf(task, registry, reports);
  reports.end();
  current = undefined;
  const left = children.look();
  channel.send({
    ...{ type: 'ended', id: task.id, outcome, spent: isSpent || !hasOutput() },
    ...(left !== undefined && { children: left }),
  });
}

async function outcomeOf(task: StartedTask, registry: TaskRegistry, reports: PacedReports): Promise<Outcome> {
  const type = registry.get(task.name);
  if (type === undefined) {
    const unknown = new Error(`this worker knows no task type ${task.name}`);
    return failed(unknown, { code: 'UNKNOWN_TASK_TYPE', retry: false });
  }
  try {
    using directory = WorkingDirectory.of(settings.workerDirectory, task.id, { isReused: true });
    return await runTask(type, task, {
      worker: { name: settings.worker, directory: settings.workerDirectory },
      log,
      signal: () => abortion.signal,
      workingDirectory: () => directory.path,
      report: (progress) => {
        reports.report(progress);
      },
    });
  } catch (error) {
    isSpent = true; // it has no directory: that is no fault of the task
    return {
      outcome: 'interrupted',
      by: 'host',
      reason: `no working directory can be made: ${String(error)}`,
    };
  }
}

/** Something was thrown where nobody could catch it. It ends the run whose code it came from, or of which we cannot tell. */
function onStray(thrown: unknown, code: string): void {
  const source = getCurrentTask();
  if (source === undefined || source.id === current?.id) {
    dieOf(thrown, code);
    return;
  }
  log.error(
    { err: describeError(thrown), task: source.id, name: source.name },
    'code that an ended task left behind threw',
  );
  isSpent = true;
  if (current === undefined) channel.send({ type: 'spent' });
}

/** Says why this process ends, which is then seen to. It may be the doing of another task than the one that runs. */
function dieOf(thrown: unknown, code?: string): void {
  const source = getCurrentTask();
  if (source === undefined || source.id === current?.id) {
    channel.send({ type: 'dying', outcome: failed(thrown, code === undefined ? {} : { code }) });
    return;
  }
  const how = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = `code that task ${source.id} (${source.name}) left behind ended the process: ${how}`;
  channel.send({ type: 'dying', outcome: { outcome: 'interrupted', by: 'leftover', reason } });
}

/** Whether stdout and stderr are still open. The next task would fail as soon as it writes. */
function hasOutput(): boolean {
  try {
    return [1, 2].every((fd) => fstatSync(fd));
  } catch {
    return false;
  }
}

/** Where the kernel lets us: what its tasks start is offered, too. */
function offerToOomKiller(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    writeFileSync(file, String(Math.min(1000, Number(readFileSync(file, 'latin1')) + OOM_SCORE)));
  } catch {
    // not Linux, or not allowed
  }
}
