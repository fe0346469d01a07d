import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PULP = fileURLToPath(new URL('../../bin/dev.js', import.meta.url));
const TASKS_FILE = fileURLToPath(new URL('./task-types.ts', import.meta.url));

/** A line of a worker's log. */
export interface LogEntry {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly message?: string };
}

export interface WorkerProcessSettings {
  readonly name: string;
  readonly concurrency: number;
  readonly queues: readonly string[];
  /** Its current folder. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What its log is appended to. */
  readonly logFile: string;
}

/** The level of warnings. */
export const WARNING = 40;

/** How many warnings of a worker an explanation shows. */
const SHOWN = 12;

/** A real `pulp worker`, as a process of its own. Its log goes to a file, and is kept here too. */
export class WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** How the process ended; never rejects. Its horses may outlive it by a moment. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #log: LogEntry[] = [];
  readonly #news = new EventEmitter<{ entry: [LogEntry] }>();

  constructor({ name, concurrency, queues, folder, env, logFile }: WorkerProcessSettings) {
    this.name = name;
    const flags = ['--name', name, '--tasks', TASKS_FILE, '--concurrency', String(concurrency)];
    const served = queues.flatMap((queue) => ['--queue', queue]);
    this.#child = spawn(process.execPath, [PULP, 'worker', ...flags, ...served], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (this.#child.pid === undefined || this.#child.stderr === null) throw new Error('no process to be had');
    this.pid = this.#child.pid;
    this.ended = once(this.#child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    this.#child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      const entry = read(line);
      this.#log.push(entry);
      this.#news.emit('entry', entry);
    });
  }

  /** All that it has logged so far. */
  get log(): readonly LogEntry[] {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get wasKilled(): boolean {
    return this.#child.signalCode === 'SIGKILL';
  }

  /**
   * Waits for an entry whose message contains this; `from` many entries are passed over.
   *
   * @throws Error if the process ends first, or after so many milliseconds
   */
  async logged(message: string, { from = 0, timeout = 30_000 } = {}): Promise<LogEntry> {
    const patience = AbortSignal.timeout(timeout);
    for (let seen = from; ;) {
      for (; seen < this.#log.length; seen += 1) {
        const entry = this.#log[seen];
        if (entry?.msg.includes(message)) return entry;
      }
      if (!this.isRunning || patience.aborted)
        throw new Error(`worker ${this.name} did not log "${message}"\n${this.explanation()}`);
      await Promise.race([once(this.#news, 'entry', { signal: patience }), this.ended]).catch(
        () => undefined,
      );
    }
  }

  /** Sends a signal to the process, and to it alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What it had to warn of last, and how it is now. */
  explanation(): string {
    const warnings = this.#log.filter(({ level }) => level >= WARNING).slice(-SHOWN);
    const state = this.isRunning ? 'runs' : `ended (${this.#child.exitCode ?? this.#child.signalCode})`;
    const lines = warnings.map(({ msg, err }) => `  ${[msg, err?.message].filter(Boolean).join(': ')}`);
    return [`worker ${this.name}, process ${this.pid}, ${state}`, ...lines].join('\n');
  }
}

/** What is no entry of a log is one of the highest level: something wrote to stderr. */
function read(line: string): LogEntry {
  try {
    const entry = JSON.parse(line) as LogEntry;
    if (typeof entry.msg === 'string') return entry;
  } catch {
    // told below
  }
  return { level: 60, msg: line };
}
