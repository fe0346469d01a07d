import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Channel, type ChannelFault } from './channel.ts';
import type { HorseGroup } from './cgroups/horse-group.ts';
import { serviceOomKills } from './cgroups/service-memory.ts';
import { DeathWatch, type LingeringProcess } from './death-watch.ts';
import { outcomeOfDeath, type HorseDeath, type LackingMemory } from './horse-death.ts';
import { OutputTail, passOnLines } from './horse-output.ts';
import {
  CHANNEL_FD,
  type EndOfRun,
  type FromHorse,
  type HorseSettings,
  type ToHorse,
} from './horse-protocol.ts';
import { findMarked, killAtOnce, killMarked } from './marked-processes.ts';
import { startHorse } from './start-horse.ts';
import { failed, type Outcome } from '../outcome.ts';
import { processStat } from '../../processes/process-stat.ts';
import type { StartedTask } from '../run-records.ts';

/** How long a process may live on that has closed its channel, in milliseconds: one that ends closes it a little before. */
const CLOSED_MS = 200;

/** How long the last output of a dead process may take to come, in milliseconds: someone else may hold its pipes open. */
const LAST_OUTPUT_MS = 200;

/** Between two attempts to end what a dead horse left behind and what does not die, in milliseconds. */
const RETRY_MS = 1000;

export interface HorseProcessSettings extends HorseSettings {
  readonly databaseUrl: string;
  readonly log: Logger;
  /** Its mark in the environment, which nobody else's begins with. */
  readonly mark: string;
  /** Takes whole lines of its stdout and stderr. */
  readonly onOutput: (lines: Uint8Array) => void;
  /** It is given one run and no other. */
  readonly isForOneRun: boolean;
  /** Its cgroup, if it has one of its own. It is removed with the horse. */
  readonly group: HorseGroup | undefined;
  /** Processes of it go on though they were killed: told soon, then ever less often. */
  readonly onLingering: (processes: readonly LingeringProcess[], killedForMs: number) => void;
  /** When that is told, see `DeathWatch`. */
  readonly tellingMs?: readonly number[];
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
  /** Resolves when the process is gone, and with it whatever it has started; not as long as that cannot be killed. Never rejects. */
  readonly dead: Promise<HorseDeath>;
  /** Resolves when it has loaded the task types; it may die before. */
  readonly ready: Promise<undefined>;
  /** How many runs it was given. */
  runs = 0;
  readonly #settings: HorseProcessSettings;
  readonly #child: ChildProcess;
  readonly #channel: Channel<FromHorse, ToHorse> | undefined;
  readonly #errorTail: OutputTail | undefined;
  #run: Run | undefined;
  #isGone = false;
  #wasReady = false;
  readonly #onReady: () => void;
  /** It may have started processes whose end we have not seen. */
  #mayHaveChildren = true;
  #lastWords: Outcome | undefined;
  #verdict: string | undefined;
  readonly #deathWatch: DeathWatch;
  /** Processes that it has left behind and that do not die. */
  #stubborn: readonly number[] = [];
  /** How often the kernel had killed for lack of memory when the run began. */
  #oomKills: number | undefined;
  #lastEffects: readonly string[] | undefined;

  constructor(settings: HorseProcessSettings) {
    this.#settings = settings;
    const { group, onLingering, tellingMs } = settings;
    this.#deathWatch = new DeathWatch({
      processes: () => this.#remaining(),
      onLingering,
      ...(tellingMs !== undefined && { tellingMs }),
    });
    const child = (this.#child = startHorse({ ...settings, entering: group?.entering ?? [] }));
    this.pid = child.pid;
    const ready = Promise.withResolvers<undefined>();
    this.ready = ready.promise;
    this.#onReady = () => {
      this.#wasReady = true;
      ready.resolve(undefined);
    };
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

  /** The directory of its cgroup, if it has one. */
  get cgroup(): string | undefined {
    return this.#settings.group?.path;
  }

  get isForOneRun(): boolean {
    return this.#settings.isForOneRun;
  }

  /** What its limits did to it so far, in words. */
  get effectsOfLimits(): readonly string[] {
    return this.#lastEffects ?? this.#settings.group?.effects() ?? [];
  }

  /** For how many milliseconds it has been dying; undefined if it was not killed, or nothing of it is left. */
  get killedForMs(): number | undefined {
    return this.#deathWatch.killedForMs;
  }

  /** What is left of it in this moment. */
  get lingering(): readonly LingeringProcess[] {
    return this.#deathWatch.lingering;
  }

  /** Runs a task; never rejects. A process that dies has failed its task. */
  async perform(task: StartedTask, onProgress: (progress: string) => void): Promise<HorseRunEnd> {
    this.runs += 1;
    this.#mayHaveChildren = true;
    this.#errorTail?.clear();
    const { promise, resolve } = Promise.withResolvers<EndOfRun | HorseDeath>();
    this.#oomKills = this.#countOomKills();
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

  /**
   * Sends SIGKILL to all of its cgroup, and to its process group. Without a cgroup, what has left the process group is killed when
   * the process is gone.
   */
  kill(): void {
    if (this.pid === undefined || this.#isGone) return;
    killAtOnce(-this.pid); // also while it is still on its way into its cgroup
    this.#settings.group?.kill();
    this.#deathWatch.begin();
  }

  #hear(message: FromHorse): void {
    switch (message.type) {
      case 'ready':
        this.#onReady();
        this.#checkGroup();
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

  #checkGroup(): void {
    const { group, log } = this.#settings;
    if (group === undefined || this.pid === undefined || group.processes().includes(this.pid)) return;
    log.error({ pid: this.pid }, 'a horse is not in its cgroup: limits are not enforced on it');
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
    const { group, mark } = this.#settings;
    const own = children.filter((pid) => processStat(pid)?.parent === this.pid);
    const escaped = await findMarked(mark, this.pid);
    const grouped = group?.processes().filter((pid) => pid !== this.pid) ?? [];
    return [...new Set([...own, ...escaped, ...grouped])].filter(
      (pid) => processStat(pid)?.hasEnded === false,
    );
  }

  async #bury(code: number | null, signal: NodeJS.Signals | null): Promise<HorseDeath> {
    this.#isGone = true;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    const lackingMemory = this.#lackingMemory(); // it is counted in its group, which goes
    this.#lastEffects = this.effectsOfLimits;
    await this.#clear();
    // Its last messages and output are read before we judge.
    if (this.pid !== undefined)
      await Promise.race([closed, pause(LAST_OUTPUT_MS, undefined, { ref: false })]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    const death: HorseDeath = {
      code,
      signal,
      wasReady: this.#wasReady,
      output: [this.#errorTail?.text ?? '', ...this.#lastEffects].filter((text) => text !== '').join('\n'),
      ...(lackingMemory !== undefined && { lackingMemory }),
      ...(this.#settings.group !== undefined && { limits: this.#settings.group.limits }),
      ...(this.#lastWords !== undefined && { lastWords: this.#lastWords }),
      ...(this.#verdict !== undefined && { verdict: this.#verdict }),
    };
    this.#run?.onEnd(death);
    return death;
  }

  /** Ends what it has left behind, however long that takes, and removes its cgroup. */
  async #clear(): Promise<void> {
    const { group, mark } = this.#settings;
    for (;;) {
      if (this.pid !== undefined) killAtOnce(-this.pid); // what it left in its group
      const isClear = (await group?.clear()) ?? true;
      this.#stubborn = this.#mayHaveChildren ? await killMarked(mark) : [];
      if (isClear && this.#stubborn.length === 0) break;
      this.#deathWatch.begin();
      await pause(RETRY_MS, undefined, { ref: false });
    }
    this.#deathWatch.end();
  }

  /** Its processes, as far as they are known. */
  #remaining(): readonly number[] {
    const own = this.pid === undefined || this.#isGone ? [] : [this.pid];
    return [...new Set([...own, ...(this.#settings.group?.processes() ?? []), ...this.#stubborn])];
  }

  /** Which memory ran out since the run began, if the kernel has killed for it. */
  #lackingMemory(): LackingMemory | undefined {
    const kills = this.#countOomKills();
    if (kills === undefined || this.#oomKills === undefined || kills <= this.#oomKills) return undefined;
    return (this.#settings.group?.memoryLimitHits() ?? 0) > 0 ? 'limit' : 'service';
  }

  #countOomKills(): number | undefined {
    return this.#settings.group?.oomKills() ?? serviceOomKills();
  }
}
