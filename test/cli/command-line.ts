import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS, runInHost } from './command-hosts.ts';
import type { Ended } from './ended.ts';

export type { Ended };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PULP = join(ROOT, 'bin/dev.js');

/** A file that defines the task types of the tests. */
export const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

export interface RunOptions {
  /** Its standard input; default: empty. */
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The real command line, as processes of their own in a folder of their own:
 * `await using pulp = await CommandLine.create({ DATABASE_URL: database.url })`.
 */
export class CommandLine implements AsyncDisposable {
  /** The current folder of the commands. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #workers: WorkerProcess[] = [];
  /** Whether commands can share a process: only those whose settings and files are what others have, too. */
  #shared: boolean;

  private constructor(folder: string, env: NodeJS.ProcessEnv, shared: boolean) {
    this.folder = folder;
    this.#env = env;
    this.#shared = shared;
  }

  static async create(settings: NodeJS.ProcessEnv): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), 'pulp-cli-'));
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(PULP_|DATABASE_URL$|NODE_)/.test(key),
    );
    const environment = {
      ...Object.fromEntries(inherited),
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/pulp-test-compile'),
      PULP_WORKING_DIRECTORY: join(folder, 'work'),
      PULP_TASK_DATABASE_URL: settings['DATABASE_URL'], // see `Gate`
      ...settings,
    };
    return new CommandLine(folder, environment, Object.keys(settings).join() === 'DATABASE_URL');
  }

  /** Runs one command to its end; where that makes no difference, in a process that has run others before. */
  async run(args: readonly string[], { input = '', env }: RunOptions = {}): Promise<Ended> {
    if (this.#shared && env === undefined)
      return await runInHost({ argv: args, folder: this.folder, env: this.#env, input: Buffer.from(input) });
    const child = this.start(args, env);
    child.stdin.on('error', () => undefined); // a command may end without reading it
    child.stdin.end(input);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: child.exitCode, stdout, stderr };
  }

  /** Runs one command and gives what `--json` printed. */
  async json(args: readonly string[], options?: RunOptions): Promise<{ code: number | null; data: unknown }> {
    const { code, stdout } = await this.run([...args, '--json'], options);
    return { code, data: JSON.parse(stdout) };
  }

  /** Starts a command. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
    return this.launch(this.words(args), env);
  }

  /** The words of a command line, for programs that start it. */
  words(args: readonly string[]): readonly string[] {
    return [process.execPath, PULP, ...args];
  }

  /** Starts another program where the commands are. */
  launch(
    [program = '', ...args]: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): ChildProcessWithoutNullStreams {
    return spawn(program, args, {
      cwd: this.folder,
      env: { ...this.#env, ...env },
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
  }

  /** Starts a worker; resolves when it is online. */
  worker(...args: string[]): Promise<WorkerProcess> {
    return this.workerOf(this.start(['worker', ...args]));
  }

  /** The worker that a program runs; resolves when it is online. */
  async workerOf(program: ChildProcessWithoutNullStreams): Promise<WorkerProcess> {
    const worker = new WorkerProcess(program);
    this.#workers.push(worker);
    await worker.logged('online');
    return worker;
  }

  /** Writes a file into the folder of the commands. */
  async write(name: string, content: string | Buffer): Promise<void> {
    this.#shared = false; // a process reads a tasks file once
    await writeFile(join(this.folder, name), content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A running `pulp worker`. */
export class WorkerProcess {
  readonly process: ChildProcessWithoutNullStreams;
  /** How it ended; never rejects. */
  readonly ended: Promise<{ code: number | null }>;
  readonly #lines: string[] = [];
  readonly #news = new EventEmitter();

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    this.ended = once(process, 'close').then(() => ({ code: process.exitCode }));
    void this.ended.then(() => this.#news.emit('line'));
    createInterface({ input: process.stderr }).on('line', (line) => {
      this.#lines.push(line);
      this.#news.emit('line');
    });
  }

  /** All that it has logged. */
  get log(): string {
    return this.#lines.join('\n');
  }

  /** Whether it has logged a message that contains this. */
  hasLogged(message: string): boolean {
    return this.#lines.some((line) => line.includes(message));
  }

  /** Waits until it has logged a message that contains this; gives the whole entry. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find((line) => line.includes('"msg":') && line.includes(message));
      if (found !== undefined) return JSON.parse(found) as Record<string, unknown>;
      if (this.process.exitCode !== null) throw new Error(`the worker ended:\n${this.#lines.join('\n')}`);
      await once(this.#news, 'line');
    }
  }
}
