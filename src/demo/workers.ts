import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PulpError } from '../errors.ts';
import { CONCURRENCY, type DemoRun } from './scenario.ts';

/** From sources, or as built: whatever we are. */
const EXTENSION = extname(import.meta.url);
const WORKER = new URL(`./worker${EXTENSION}`, import.meta.url);
const TASKS_FILE = fileURLToPath(new URL(`./tasks${EXTENSION}`, import.meta.url));

/** How long a worker may take to end after each step of asking it to, in milliseconds. */
const STOP_MS = 6000;

/** How much of what a worker wrote an error shows. */
const LOG_LINES = 15;

interface WorkerProcess {
  readonly name: string;
  readonly process: ChildProcess;
  readonly log: string[];
}

/** The demonstration's `pulp worker` processes. They end when they are disposed of, and also if we are killed. */
export class DemoWorkers implements AsyncDisposable {
  readonly #processes: readonly WorkerProcess[];
  readonly #lost = new AbortController();
  #stopping = false;

  private constructor(processes: readonly WorkerProcess[]) {
    this.#processes = processes;
    for (const worker of processes) {
      worker.process.once('exit', (code, signal) => {
        if (!this.#stopping) this.#lost.abort(lossOf(worker, signal ?? `exit code ${code ?? 'unknown'}`));
      });
      worker.process.once('error', (error) => {
        this.#lost.abort(lossOf(worker, error.message));
      });
    }
  }

  static start(run: DemoRun, databaseUrl: string): DemoWorkers {
    return new DemoWorkers(run.workers.map((name) => startWorker(name, run.group, databaseUrl)));
  }

  /** Aborted, with the reason, when a worker ends that was not asked to. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Warm shutdown; a worker that takes too long is asked again, which ends its tasks, and killed at last. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#processes.map(({ process: child }) => end(child)));
  }
}

function startWorker(name: string, queue: string, databaseUrl: string): WorkerProcess {
  const flags = [
    '--name',
    name,
    '--queue',
    queue,
    '--concurrency',
    String(CONCURRENCY),
    '--tasks',
    TASKS_FILE,
  ];
  const child = fork(WORKER, flags, {
    env: { ...process.env, DATABASE_URL: databaseUrl, PULP_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true, // Ctrl-C is for us: we end our workers in order
  });
  const log: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      log.push(...text.trimEnd().split('\n'));
      log.splice(0, log.length - LOG_LINES);
    });
  }
  return { name, process: child, log };
}

async function end(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const patience = new AbortController();
    const ended = once(child, 'exit', { signal: patience.signal }).catch(() => undefined);
    child.kill(signal);
    await Promise.race([
      ended,
      pause(STOP_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }
}

function lossOf({ name, log }: WorkerProcess, how: string): PulpError {
  const end = log.length === 0 ? 'It wrote nothing.' : `The last that it wrote:\n${log.join('\n')}`;
  return new PulpError('DEMO_FAILED', `worker ${name} ended before its time (${how}). ${end}`, {
    remedy: 'Start it by hand to see more: pulp worker.',
  });
}
