import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Channel, type ChannelFault } from './channel.ts';
import { dyingWithParent } from './dying-with-parent.ts';
import { outcomeOfDeath, type HorseDeath } from './horse-death.ts';
import { OutputTail, passOnLines } from './horse-output.ts';
import {
  CHANNEL_FD,
  WORKERS_OWN_VARIABLES,
  type EndOfRun,
  type FromHorse,
  type HorseSettings,
  type ToHorse,
} from './horse-protocol.ts';
import { findMarked, killAtOnce, killMarked, MARK_VARIABLE } from './marked-processes.ts';
import { failed, type Outcome } from '../outcome.ts';
import { processStat } from '../../processes/process-stat.ts';
import type { StartedTask } from '../session.ts';

const HORSE_FILE = fileURLToPath(new URL(`./horse${extname(import.meta.url)}`, import.meta.url));

/** How long a process may live on that has closed its channel, in milliseconds: one that ends closes it a little before. */
const CLOSED_MS = 200;

/** How long the last output of a dead process may take to come, in milliseconds: someone else may hold its pipes open. */
const LAST_OUTPUT_MS = 200;

export interface HorseProcessSettings extends HorseSettings {
  readonly databaseUrl: string;
  readonly log: Logger;
  /** Its mark in the environment, which nobody else's begins with. */
  readonly mark: string;
  /** Takes whole lines of its stdout and stderr. */
  readonly onOutput: (lines: Uint8Array) => void;
}

/** How a run in a horse ended. */
export interface HorseRunEnd {
  readonly outcome: Outcome;
  /** The process can take the next run. */
  readonly isFit: boolean;
  /** Processes that the run has left behind. */
  readonly leftBehind: readonly number[];
}

interface Run {
  readonly id: string;
  onProgress(progress: string): void;
  onEnd(end: EndOfRun | HorseDeath): void;
}

/** A horse as its worker sees it. */
export class HorseProcess {
  /** Undefined if the system refused it. */
  readonly pid: number | undefined;
  /** Resolves when the process is gone, and with it whatever it has started. Never rejects. */
  readonly dead: Promise<HorseDeath>;
  /** How many runs it was given. */
  runs = 0;
  readonly #settings: HorseProcessSettings;
  readonly #child: ChildProcess;
  readonly #channel: Channel<FromHorse, ToHorse> | undefined;
  readonly #errorTail: OutputTail | undefined;
  #run: Run | undefined;
  #isGone = false;
  #wasReady = false;
  /** It may have started processes whose end we have not seen. */
  #mayHaveChildren = true;
  #lastWords: Outcome | undefined;
  #verdict: string | undefined;

  constructor(settings: HorseProcessSettings) {
    this.#settings = settings;
    const child = (this.#child = start(settings));
    this.pid = child.pid;
    this.dead = new Promise((resolve) => {
      child.once('exit', (code, signal) => void this.#bury(code, signal).then(resolve));
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        this.#lastWords = failed(error, { code: 'HORSE_NOT_STARTED' });
        void this.#bury(null, null).then(resolve);
      });
    });
    if (child.pid === undefined) return; // it may lack any of its streams
    const { stdout, stderr, stdio } = child;
    for (const output of [stdout, stderr]) if (output !== null) passOnLines(output, settings.onOutput);
    if (stderr !== null) this.#errorTail = new OutputTail(stderr);
    this.#channel = new Channel(stdio[CHANNEL_FD] as Duplex, {
      onMessage: (message) => {
        this.#hear(message);
      },
      onFault: (fault) => {
        this.#onFault(fault);
      },
    });
  }

  /** Whether the process has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Runs a task; never rejects. A process that dies has failed its task. */
  async perform(task: StartedTask, onProgress: (progress: string) => void): Promise<HorseRunEnd> {
    this.runs += 1;
    this.#mayHaveChildren = true;
    this.#errorTail?.clear();
    const { promise, resolve } = Promise.withResolvers<EndOfRun | HorseDeath>();
    this.#run = { id: task.id, onProgress, onEnd: resolve };
    this.#channel?.send({ type: 'run', task });
    const end = await promise;
    this.#run = undefined;
    if (!('type' in end)) return { outcome: outcomeOfDeath(end), isFit: false, leftBehind: [] };
    const leftBehind = end.children === undefined ? [] : await this.#leftBehind(end.children);
    this.#mayHaveChildren = leftBehind.length > 0;
    return {
      outcome: end.outcome,
      isFit: !end.spent && !this.#isGone && leftBehind.length === 0,
      leftBehind,
    };
  }

  /** Tells the run to end, by its signal and by SIGTERM to the process group. */
  abort(reason: string): void {
    if (this.pid === undefined || this.#isGone) return;
    this.#channel?.send({ type: 'abort', reason });
    try {
      process.kill(-this.pid, 'SIGTERM');
    } catch {
      // it ends by itself just now
    }
  }

  /** Sends SIGKILL to the process group. What has left the group is killed when the process is gone. */
  kill(): void {
    if (this.pid !== undefined && !this.#isGone) killAtOnce(-this.pid);
  }

  #hear(message: FromHorse): void {
    switch (message.type) {
      case 'ready':
        this.#wasReady = true;
        break;
      case 'progress':
        if (message.id === this.#run?.id) this.#run.onProgress(message.progress);
        break;
      case 'ended':
        if (message.id === this.#run?.id && this.#lastWords === undefined) this.#run.onEnd(message);
        break;
      case 'spent':
        if (this.#run === undefined) this.kill(); // else one was sent to it just now: it ends that first
        break;
      case 'dying':
        this.#lastWords ??= message.outcome;
        this.kill();
        break;
    }
  }

  #onFault(fault: ChannelFault): void {
    if (fault === 'closed') {
      setTimeout(() => {
        this.#condemn(`closed its channel to the worker (file descriptor ${CHANNEL_FD})`);
      }, CLOSED_MS).unref();
    } else {
      this.#condemn(`wrote into its channel to the worker (file descriptor ${CHANNEL_FD})`);
    }
  }

  #condemn(verdict: string): void {
    if (this.#isGone) return;
    this.#verdict = verdict;
    this.kill();
  }

  /** Which processes of this horse live on, of those it knows and of those that escaped it. */
  async #leftBehind(children: readonly number[]): Promise<readonly number[]> {
    const own = children.filter((pid) => processStat(pid)?.parent === this.pid);
    const escaped = await findMarked(this.#settings.mark, this.pid);
    return [...new Set([...own, ...escaped])].filter((pid) => processStat(pid)?.hasEnded === false);
  }

  async #bury(code: number | null, signal: NodeJS.Signals | null): Promise<HorseDeath> {
    this.#isGone = true;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    if (this.pid !== undefined) killAtOnce(-this.pid); // what it left in its group
    if (this.#mayHaveChildren) {
      const stubborn = await killMarked(this.#settings.mark);
      if (stubborn.length > 0) this.#settings.log.error({ pids: stubborn }, 'processes of a task do not die');
    }
    // Its last messages and output are read before we judge.
    if (this.pid !== undefined)
      await Promise.race([closed, pause(LAST_OUTPUT_MS, undefined, { ref: false })]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    const death: HorseDeath = {
      code,
      signal,
      wasReady: this.#wasReady,
      output: this.#errorTail?.text ?? '',
      ...(this.#lastWords !== undefined && { lastWords: this.#lastWords }),
      ...(this.#verdict !== undefined && { verdict: this.#verdict }),
    };
    this.#run?.onEnd(death);
    return death;
  }
}

function start(settings: HorseProcessSettings): ChildProcess {
  const { tasksFile, worker, workerDirectory, databaseUrl, mark } = settings;
  const told: HorseSettings = { tasksFile, worker, workerDirectory };
  const options = process.execArgv.filter((option) => !option.startsWith('--inspect')); // the port is ours
  const command = [process.execPath, ...options, HORSE_FILE, JSON.stringify(told)];
  const [file = '', ...args] = [...dyingWithParent(), ...command];
  return spawn(file, args, {
    detached: true, // a session and process group of its own: what the task starts can be killed with it
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !WORKERS_OWN_VARIABLES.includes(name)),
      ),
      DATABASE_URL: databaseUrl,
      [MARK_VARIABLE]: mark,
    },
  });
}
