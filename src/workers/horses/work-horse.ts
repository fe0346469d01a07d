/**
 * What a horse does: it runs the tasks that its worker sends, one at a time and in their order. It stays warm for the next, and
 * dies with its worker.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Logger } from 'pino';
import { pinoModule } from '../../log.ts';
import { getCurrentTask } from '../../tasks/current.ts';
import { IdleMemory } from '../../processes/idle-memory.ts';
import { loadTaskTypes, type TaskRegistry } from '../../tasks/task-registry.ts';
import { useWorkersService } from '../../tasks/workers-service.ts';
import { AskingWorker } from './asking-worker.ts';
import { Channel } from './channel.ts';
import { ChildWatch } from './child-watch.ts';
import { runMark } from './horse-output.ts';
import { CHANNEL_FD, ORDERS_FD, type FromHorse, type HorseSettings, type ToHorse } from './horse-protocol.ts';
import { describeError, failed, type Outcome } from '../runs/outcome.ts';
import { PacedReports } from './paced-reports.ts';
import { InheritedFile } from './inherited-file.ts';
import { Revocations, REVOCATION_FD } from './revocation.ts';
import { runTask } from '../runs/run-task.ts';
import type { StartedTask } from '../runs/run-records.ts';
import { WorkingDirectory } from '../directories/working-directory.ts';

/** How much rather than its worker or the database the kernel is to kill a horse that eats its memory, of 1000. */
const OOM_SCORE = 500;

/** How long after SIGTERM word of the worker may come that it was the sender, in milliseconds. */
const WORD_MS = 100;

const settings = JSON.parse(process.argv[2] ?? '') as HorseSettings;
let log: Logger | undefined;

/** A task that was sent, and its place in the line. */
type Sent = Extract<ToHorse, { type: 'run' }>;

/** What is still to be run. */
const line: Sent[] = [];
let isWorking = false;
/** The run that goes on. */
let current: Sent | undefined;
/** The place of the latest one. */
let latest = 0;
let abortion = new AbortController();
/** Something is not as it was: this process is to run no other task. */
let isSpent = false;
/** The worker looks into what a run has left behind, and says when to go on. */
let isHalted = false;

offerToOomKiller();
const children = new ChildWatch();
const revocations = new Revocations();
const memory = new IdleMemory();
const files = [1, 2, CHANNEL_FD, REVOCATION_FD, ORDERS_FD].map((fd) => new InheritedFile(fd));
const channel = new Channel<ToHorse, FromHorse>(
  {
    from: new Socket({ fd: ORDERS_FD, readable: true, writable: false }),
    to: new Socket({ fd: CHANNEL_FD, readable: false, writable: true }),
  },
  {
    onMessage: (message) => {
      switch (message.type) {
        case 'run':
          line.push(message);
          if (!isWorking) void work();
          break;
        case 'abort':
          if (message.place === latest) abortion.abort(new Error(message.reason));
          break;
        case 'resume':
          isHalted = false;
          break;
        case 'answer':
        case 'refusal':
          worker.hear(message);
          break;
      }
    },
    onFault: () => process.kill(-process.pid, 'SIGKILL'), // the worker is gone: we go, with all we have started
  },
);
const worker = new AskingWorker(
  (message) => {
    channel.send(message);
  },
  () => {
    const source = getCurrentTask()?.id;
    return source === undefined || source === current?.task.id ? current?.place : undefined;
  },
);
useWorkersService(worker);
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
const loading = loadTaskTypes(settings.tasksFiles);
await loading.then(
  () => {
    channel.send({ type: 'ready' });
    if (!isWorking) memory.idle();
  },
  (error: unknown) => {
    dieOf(error);
  },
);

/**
 * Runs what is in the line. That a run has ended is told with the beginning of the next: one message is enough. Nothing begins
 * before the ends of all others are where they outlive this process, so that its death costs no more than the run that goes on.
 */
async function work(): Promise<void> {
  isWorking = true;
  memory.busy();
  registry ??= await loading.catch(() => undefined);
  if (registry === undefined) return; // we are dying of it
  for (let next = line.shift(); next !== undefined; next = line.shift()) {
    const { place } = next;
    if (mayBegin()) await announce(place);
    if (mayBegin() && revocations.begin(place)) await perform(next, registry);
    else channel.put({ type: 'declined', place });
  }
  current = undefined;
  channel.flush();
  isWorking = false;
  memory.idle();
}

function mayBegin(): boolean {
  return !isSpent && !isHalted;
}

/** Resolves when the worker will know of this run, and of the ends of all before, whatever becomes of this process. */
async function announce(place: number): Promise<void> {
  latest = place;
  abortion = new AbortController();
  channel.put({ type: 'begun', place });
  channel.flush();
  await channel.caughtUp();
  await yieldToOthers(); // to what the one before has left behind: nobody else shall answer for it
}

async function perform(sent: Sent, registry: TaskRegistry): Promise<void> {
  const { place, task } = sent;
  current = sent;
  markOutput(place);
  const startedAt = performance.now();
  const loop = performance.eventLoopUtilization();
  const reports = new PacedReports((told) => {
    channel.put({ type: 'progress', place, told });
    channel.flush(); // the code may block the process from now on
  });
  const outcome = await outcomeOf(task, registry, reports);
  reports.end();
  current = undefined;
  worker.forget();
  const left = children.look();
  isHalted = left !== undefined;
  isSpent ||= !hasFiles();
  const ms = performance.now() - startedAt;
  const idleMs = performance.eventLoopUtilization(loop).idle;
  channel.put({
    ...{ type: 'ended', place, outcome, ms, idleMs, spent: isSpent },
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
      open: (places) => worker.openArguments(places),
      log: logOfTasks,
      signal: () => abortion.signal,
      workingDirectory: () => directory.path,
      report: (told) => {
        reports.report(told);
      },
      recorded: () => {
        reports.flush();
        return worker.recorded();
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

/** Made when a task first asks for it: most do not. */
function logOfTasks(): Logger {
  const makeLogger = pinoModule();
  return (log ??= makeLogger(
    { level: process.env['PULP_LOG_LEVEL'] ?? 'info', base: { worker: settings.worker, horse: process.pid } },
    makeLogger.destination({ dest: 2, sync: true }),
  ));
}

/** Something was thrown where nobody could catch it. It ends the run whose code it came from, or of which we cannot tell. */
function onStray(thrown: unknown, code: string): void {
  const source = getCurrentTask();
  if (source === undefined || source.id === current?.task.id) {
    dieOf(thrown, code);
    return;
  }
  logOfTasks().error(
    { err: describeError(thrown), task: source.id, name: source.name },
    'code that an ended task left behind threw',
  );
  isSpent = true;
  if (current === undefined) channel.send({ type: 'spent' });
}

/** Says why this process ends, which is then seen to. It may be the doing of another task than the one that runs. */
function dieOf(thrown: unknown, code?: string): void {
  isSpent = true; // whatever is in the line begins elsewhere
  const source = getCurrentTask();
  if (source === undefined || source.id === current?.task.id) {
    channel.put({ type: 'dying', outcome: failed(thrown, code === undefined ? {} : { code }) });
  } else {
    const how = thrown instanceof Error ? thrown.message : String(thrown);
    const reason = `code that task ${source.id} (${source.name}) left behind ended the process: ${how}`;
    channel.put({ type: 'dying', outcome: { outcome: 'interrupted', by: 'leftover', reason } });
  }
  channel.flush();
}

/** Whether our files are those that they were: without stdout and stderr the next task would fail as soon as it writes. */
function hasFiles(): boolean {
  return files.every(({ isThere }) => isThere);
}

/** What is written to stdout and stderr from now on is of another run. */
function markOutput(place: number): void {
  const mark = runMark(place);
  for (const fd of [1, 2]) {
    try {
      writeSync(fd, mark);
    } catch {
      // it is full or closed: what comes does not get through either
    }
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
