import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Channel, type ChannelFault } from './channel.ts';
import type { HorseGroup } from './cgroups/horse-group.ts';
import { recentServiceOomKills, serviceOomKills } from './cgroups/service-memory.ts';
import { DeathWatch, type LingeringProcess } from './death-watch.ts';
import { outcomeOfDeath, type HorseDeath, type LackingMemory } from './horse-death.ts';
import { OutputTail, readMarked, WholeLines } from './horse-output.ts';
import {
  CHANNEL_FD,
  ORDERS_FD,
  type EndOfRun,
  type FromHorse,
  type HorseSettings,
  type ToHorse,
} from './horse-protocol.ts';
import { Questions, type AnswerOf } from './questions.ts';
import { Revoker } from './revocation.ts';
import { SHORT_MS } from './run-times.ts';
import { Starvation } from './starvation.ts';
import { startHorse } from './start-horse.ts';
import { Wear } from './wear.ts';
import { failed, type Outcome } from '../runs/outcome.ts';
import { HeldOutput } from '../../secrets/held-output.ts';
import { secretsIn, type Arguments } from '../../secrets/arguments.ts';
import { Redactor } from '../../secrets/redaction.ts';
import { findMarked, killAtOnce, killMarked } from '../../processes/marked-processes.ts';
import { processStat } from '../../processes/process-stat.ts';
import { markEntry } from '../../processes/task-process.ts';
import type { StartedTask } from '../runs/run-records.ts';

/** How long a process may live on that has closed its channel, in milliseconds: one that ends closes it a little before. */
const CLOSED_MS = 200;

/** How long the last output of a dead process may take to come, in milliseconds: someone else may hold its pipes open. */
const LAST_OUTPUT_MS = 200;

/** How long a run that was sent to an idle horse may take to begin, in milliseconds: its process may have to wait for a processor. */
const BEGINNING_MS = 100;

/** For so long a run may be taken for a short one that gets no processor, in milliseconds. */
const STARVED_MS = 100;

/** For so long the first run of a process may be taken for a short one: much is done then for the first time. */
const WARMING_MS = 100;

/** After how long a horse is given up that began nothing and said nothing, in milliseconds: an ended run blocks it. */
const SILENCE_MS = 10_000;

/** Between two attempts to end what a dead horse left behind and what does not die, in milliseconds. */
const RETRY_MS = 1000;

export interface HorseProcessSettings extends HorseSettings {
  /** What the code of a task is answered. */
  readonly answer: AnswerOf;
  readonly log: Logger;
  /** Its mark in the environment, which nobody else's begins with. */
  readonly mark: string;
  /** Takes whole lines of its stdout and stderr, with the task that they are of, as far as that is known. */
  readonly onOutput: (lines: string, stream: 'stdout' | 'stderr', task: StartedTask | undefined) => void;
  /** After how many runs it is replaced; undefined: see `Wear`. */
  readonly maxRuns: number | undefined;
  /** See `isForOneRun`. */
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
  /** How long it took, and for how much of that its process had nothing to do, in milliseconds; undefined if the process died. */
  readonly took: { readonly ms: number; readonly idleMs: number } | undefined;
  /** Processes that the run has left behind. */
  readonly leftBehind: readonly number[];
}

/** What is told of a run in a horse on its way. */
export interface HorseRunEvents {
  /** Its code is about to run. It may yet be taken back in that moment, and begin in another horse. */
  readonly onBegun: () => void;
  readonly onProgress: (told: string) => void;
}

interface Run extends HorseRunEvents {
  readonly place: number;
  readonly task: StartedTask;
  readonly expectedMs: number;
  readonly sentAt: number;
  begunAt: number | undefined;
  /** What its code asks. */
  readonly questions: Questions;
  /** How it ended, while what it left behind is looked into. */
  outcome?: Outcome;
  onEnd(end: HorseRunEnd | undefined): void;
}

/** A horse as its worker sees it. */
export class HorseProcess {
  /** Undefined if the system refused it. */
  readonly pid: number | undefined;
  /** Resolves when the process is gone, and with it whatever it has started; not as long as that cannot be killed. Never rejects. */
  readonly dead: Promise<HorseDeath>;
  /** Resolves when it has loaded the task types; it may die before. */
  readonly ready: Promise<undefined>;
  /** How many runs it was given, without those that it gave back. */
  runs = 0;
  /** It is given one run and no other. */
  isForOneRun: boolean;
  /** When its latest run ended, or it was ready for the first, in milliseconds of `performance.now()`. */
  idleSince = 0;
  readonly #settings: HorseProcessSettings;
  readonly #child: ChildProcess;
  readonly #channel: Channel<FromHorse, ToHorse> | undefined;
  /** Knows the secrets of the runs that it had: what they say may come late, and from processes that they started. */
  readonly #redactor = new Redactor();
  readonly #wear: Wear;
  readonly #errorTail = new OutputTail((text) => this.#redactor.text(text));
  readonly #revoker: Revoker | undefined;
  /** The run that goes on, and those that were sent ahead. */
  readonly #line: Run[] = [];
  #lastPlace = 0;
  /** The tasks that output may yet come of, by their places. */
  readonly #sent = new Map<number, StartedTask>();
  /** The places of the latest marks. */
  readonly #marked = { stdout: 0, stderr: 0 };
  #isGone = false;
  /** No other run is to be given to it. */
  #isUnfit = false;
  /** What its latest run may have left behind is looked into. */
  #isHalted = false;
  readonly #starvation: Starvation | undefined;
  /** The run that goes on was found to be long, and not only to get no processor. */
  #isLong = false;
  /** It did not begin what it was sent, and has not said a word since. */
  #silence: NodeJS.Timeout | undefined;
  #wasReady = false;
  readonly #onReady: () => void;
  /** It may have started processes whose end we have not seen. */
  #mayHaveChildren = true;
  #lastWords: Outcome | undefined;
  #verdict: string | undefined;
  readonly #deathWatch: DeathWatch;
  /** Processes that it has left behind and that do not die. */
  #stubborn: readonly number[] = [];
  /** How often the kernel had killed for lack of memory before the run. */
  #oomKills: number | undefined;
  #diedUnprovoked = false;
  #lastEffects: readonly string[] | undefined;

  constructor(settings: HorseProcessSettings) {
    this.#settings = settings;
    const { group, onLingering, tellingMs, workerDirectory } = settings;
    this.isForOneRun = settings.isForOneRun;
    this.#oomKills = group === undefined ? recentServiceOomKills() : group.oomKills();
    this.#revoker = Revoker.make(workerDirectory);
    this.#deathWatch = new DeathWatch({
      processes: () => this.#remaining(),
      onLingering: (processes, killedForMs) => {
        // None, and nothing heard of its end: then this process is late, and nothing refuses to die.
        if (this.#isGone || processes.length > 0) onLingering(processes, killedForMs);
      },
      ...(tellingMs !== undefined && { tellingMs }),
    });
    const child = (this.#child = startHorse({
      ...settings,
      entering: group?.entering ?? [],
      revocation: this.#revoker?.fd,
    }));
    this.pid = child.pid;
    this.#wear = new Wear(child.pid, settings.maxRuns);
    if (child.pid !== undefined) this.#starvation = new Starvation(child.pid);
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
    const { stdout, stderr } = child;
    const stdio: readonly unknown[] = child.stdio; // more than Node's types know of
    for (const output of [stdout, stderr]) if (output !== null) this.#readOutput(output, output === stderr);
    this.#channel = new Channel(
      { from: stdio[CHANNEL_FD] as Readable, to: stdio[ORDERS_FD] as Writable },
      {
        onMessage: (message) => {
          this.#hear(message);
        },
        onFault: (fault) => {
          this.#onFault(fault);
        },
      },
    );
  }

  /** Whether the process has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether it has died while no run went on, and not by what a run has left behind. */
  get diedUnprovoked(): boolean {
    return this.#diedUnprovoked;
  }

  /** The directory of its cgroup, if it has one. */
  get cgroup(): string | undefined {
    return this.#settings.group?.path;
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

  /** Whether it is warm and has nothing to do. */
  get isIdle(): boolean {
    return this.#wasReady && this.#takesRuns && this.#line.length === 0;
  }

  /** Whether a run goes on that may yet prove to be long: then one that waits for a horse has another one made. */
  get mayBeLong(): boolean {
    return this.#wasReady && this.#line.length > 0 && !this.isForOneRun && !this.#isLong;
  }

  /** Whether it is on its way to be ready. */
  get isStarting(): boolean {
    return !this.#wasReady && !this.#isGone && !this.#isUnfit;
  }

  /** Whether it was given all the runs that it is to have. */
  get isFull(): boolean {
    return this.isForOneRun ? this.runs > 0 : this.#wear.isFull(this.runs);
  }

  /** Whether it has had all the runs that it is to have, and none goes on. */
  get isWornOut(): boolean {
    return this.isFull && this.#line.length === 0;
  }

  /** Whether no other run is to be given to it, since it is not as it was. */
  get isUnfit(): boolean {
    return this.#isUnfit || this.#isGone;
  }

  /** Whether it is warm, and idle or busy with what may be over soon. */
  get isBrief(): boolean {
    return this.#wasReady && !this.isUnfit && this.#silence === undefined && !(this.isHeld && this.#isLong);
  }

  /** In how many milliseconds what it was sent is expected to have ended; Infinity: nobody knows. */
  get expectedMs(): number {
    if (!this.#wasReady || !this.#takesRuns || this.isHeld || this.#revoker === undefined) return Infinity;
    return this.#line.reduce((ms, run) => ms + run.expectedMs, 0);
  }

  /** Whether it is not known when it will be free: a run takes long, or what it was sent does not begin. */
  get isHeld(): boolean {
    if (this.#silence !== undefined) return true;
    const [head] = this.#line;
    if (head === undefined || !this.#wasReady) return false;
    const now = performance.now();
    return head.begunAt === undefined ? now - head.sentAt >= BEGINNING_MS : now - head.begunAt >= SHORT_MS;
  }

  /** Has a look at what holds it: whether that takes long, or only gets no processor. */
  lookAtLongRun(): void {
    const [head] = this.#line;
    if (head === undefined || this.#isLong) return;
    const ms = performance.now() - (head.begunAt ?? head.sentAt);
    const activity = this.#starvation?.look() ?? 'waits';
    const own = head.place === 1 ? WARMING_MS : 0;
    const atMost = { waits: own, computes: own, 'gets no processor': STARVED_MS };
    this.#isLong = ms > atMost[activity];
  }

  /** Whether what goes on was found to take long. */
  get isLong(): boolean {
    return this.#isLong;
  }

  /** The task of the run that goes on, as far as is known. */
  get running(): StartedTask | undefined {
    const [head] = this.#line;
    return head?.begunAt === undefined ? undefined : head.task;
  }

  /** Whether a task waits here for another that is expected to be over soon, or for the process. */
  get isWaitedFor(): boolean {
    const [head] = this.#line;
    return this.#wasReady && head !== undefined && (this.#line.length > 1 || head.begunAt === undefined);
  }

  /**
   * Runs a task, after those that were given before; never rejects. A process that dies has failed the task that had begun.
   * Undefined: it has not begun, and will not here.
   */
  perform(
    task: StartedTask,
    expectedMs: number,
    { onBegun, onProgress }: HorseRunEvents,
  ): Promise<HorseRunEnd | undefined> {
    if (this.#isGone) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<HorseRunEnd | undefined>();
    const place = (this.#lastPlace += 1);
    this.runs += 1;
    this.#wear.count(this.runs);
    this.#mayHaveChildren = true;
    this.#line.push({
      ...{ place, task, expectedMs, onBegun, onProgress, onEnd: resolve },
      sentAt: performance.now(),
      begunAt: undefined,
      questions: new Questions(async (question, signal) => {
        const answer = await this.#settings.answer(question, task, signal);
        if (question.of === 'arguments') this.#redactor.add(secretsIn(answer as Arguments, question.places));
        return answer;
      }),
    });
    this.#sent.set(place, task);
    this.#channel?.send({ type: 'run', place, task });
    return promise;
  }

  /** Takes back what has not begun. */
  takeBack(): void {
    if (this.#revoker === undefined || this.#isGone) return; // when it is gone, that is seen to when all is heard that it said
    const begun = this.#revoker.revoke(this.#lastPlace);
    const [head] = this.#line;
    if (head?.begunAt === undefined && head !== undefined && head.place > begun && this.isHeld)
      this.#onSilence();
    this.#giveBackAfter(begun);
  }

  /** Tells a run to end, by its signal and by SIGTERM to the process group; takes it back if it has not begun. */
  abort(task: StartedTask, reason: string): void {
    const run = this.#onlyRun(task);
    if (run === undefined || this.pid === undefined || this.#isGone) return;
    this.#isUnfit = true;
    this.#channel?.send({ type: 'abort', place: run.place, reason });
    try {
      process.kill(-this.pid, 'SIGTERM');
    } catch {
      // it ends by itself just now
    }
  }

  /** Ends a run by the end of the process; takes it back if it has not begun. */
  killRun(task: StartedTask): void {
    if (this.#onlyRun(task) !== undefined) this.kill();
  }

  /**
   * Sends SIGKILL to all of its cgroup, and to its process group. Without a cgroup, what has left the process group is killed when
   * the process is gone. What has not begun is taken back.
   */
  kill(): void {
    this.#isUnfit = true;
    if (this.pid === undefined || this.#isGone) return;
    if (this.#wasReady) this.takeBack(); // else it shows whether horses can start here
    killAtOnce(-this.pid); // also while it is still on its way into its cgroup
    this.#settings.group?.kill();
    this.#deathWatch.begin();
  }

  get #takesRuns(): boolean {
    return !this.isFull && !this.isUnfit && !this.#isHalted && this.#silence === undefined;
  }

  /** A run that has begun or may have, and that no other follows; undefined if it is here no more, or its end is on the way. */
  #onlyRun(task: StartedTask): Run | undefined {
    this.takeBack();
    const run = this.#line.find((candidate) => candidate.task === task);
    return run !== undefined && run.place >= (this.#revoker?.lastBegun ?? 0) ? run : undefined;
  }

  #hear(message: FromHorse): void {
    switch (message.type) {
      case 'ready':
        this.idleSince = performance.now();
        this.#wear.begin();
        this.#onReady();
        this.#checkGroup();
        break;
      case 'begun': {
        const run = this.#find(message.place);
        if (run === undefined) break;
        run.begunAt = performance.now();
        this.#isLong = false;
        this.#starvation?.forget();
        // In a group of its own, a kill before this one's own is of what a run had started, which is looked at at its end.
        if (this.#settings.group === undefined && !this.#isGone) this.#oomKills = recentServiceOomKills();
        run.onBegun();
        break;
      }
      case 'declined':
        this.#endSilence();
        this.#giveBack(this.#find(message.place));
        break;
      case 'progress':
        this.#find(message.place)?.onProgress(message.told);
        break;
      case 'ask': {
        const run = this.#find(message.place);
        if (run === undefined || !this.#isItsTurn(run)) break; // no code of it can ask
        void run.questions.answer(message).then((answer) => {
          if (answer !== undefined) this.#channel?.send(answer);
        });
        break;
      }
      case 'unask':
        this.#find(message.place)?.questions.withdraw(message.number);
        break;
      case 'ended':
        if (this.#lastWords === undefined) void this.#onEnded(message);
        break;
      case 'spent':
        this.#isUnfit = true;
        this.takeBack();
        if (this.#line.length === 0) this.kill(); // else one has begun just now: it ends that first
        break;
      case 'dying':
        this.#lastWords ??= message.outcome;
        this.kill();
        break;
    }
  }

  #readOutput(output: Readable, isError: boolean): void {
    const stream = isError ? 'stderr' : 'stdout';
    let task: StartedTask | undefined;
    const said = new WholeLines((bytes) => {
      this.#settings.onOutput(bytes.toString(), stream, task);
    });
    const held = new HeldOutput(this.#redactor, (late) => {
      said.write(Buffer.from(late));
    });
    const lines = new WholeLines((bytes) => {
      said.write(Buffer.from(held.take(bytes.toString())));
    });
    const flush = () => {
      lines.end();
      held.end();
      said.end();
    };
    readMarked(output, {
      onOutput: (chunk) => {
        lines.write(chunk);
        if (isError) this.#errorTail.write(chunk);
      },
      onMark: (place) => {
        flush();
        task = this.#sent.get(place) ?? task;
        this.#marked[stream] = place;
        for (const known of this.#sent.keys()) {
          if (known < Math.min(this.#marked.stdout, this.#marked.stderr)) this.#sent.delete(known);
        }
        if (isError) this.#errorTail.clear();
      },
      onEnd: flush,
    });
  }

  #find(place: number): Run | undefined {
    return this.#line.find((run) => run.place === place);
  }

  /** Whether it has begun, as far as was told, and all before it have ended. */
  #isItsTurn(run: Run): boolean {
    const before = this.#line.slice(0, this.#line.indexOf(run));
    return run.begunAt !== undefined && before.every(({ outcome }) => outcome !== undefined);
  }

  #remove(run: Run): void {
    run.questions.end();
    if (this.#line[0] === run) this.#isLong = false;
    this.#line.splice(this.#line.indexOf(run), 1);
    if (this.#line.length === 0) this.idleSince = performance.now();
  }

  #giveBackAfter(begun: number): void {
    for (const run of this.#line.filter(({ place }) => place > begun)) this.#giveBack(run);
  }

  #giveBack(run: Run | undefined): void {
    if (run === undefined) return;
    this.#remove(run);
    this.runs -= 1;
    run.onEnd(undefined);
  }

  async #onEnded({ place, outcome, ms, idleMs, spent, children }: EndOfRun): Promise<void> {
    const run = this.#find(place);
    if (run === undefined) return;
    this.#isUnfit ||= spent;
    this.#isHalted = children !== undefined;
    run.outcome = outcome;
    if (outcome.outcome === 'failed') this.#wear.countFailed();
    if (this.#isHalted && !this.#isGone) this.#oomKills = this.#settings.group?.oomKills() ?? this.#oomKills;
    const leftBehind = children === undefined ? [] : await this.#leftBehind(children);
    if (!this.#line.includes(run)) return; // it died meanwhile
    this.#remove(run);
    this.#mayHaveChildren = leftBehind.length > 0 || this.#line.length > 0;
    this.#isUnfit ||= leftBehind.length > 0;
    if (this.#isHalted && !this.#isUnfit) {
      this.#isHalted = false;
      this.#channel?.send({ type: 'resume' });
    }
    // Of the first run of a process nothing is known but that it was short, or may have been.
    const took = { ms: place === 1 ? Math.min(ms, SHORT_MS) : ms, idleMs };
    run.onEnd({ outcome, took, leftBehind });
  }

  /** It does not begin what it was sent: something that an ended run left behind may block it, or it was stopped. */
  #onSilence(): void {
    this.#silence ??= setTimeout(() => {
      this.#condemn('did not begin what it was sent');
    }, SILENCE_MS).unref();
  }

  #endSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #checkGroup(): void {
    const { group, log } = this.#settings;
    if (group === undefined || this.pid === undefined || this.#isGone || group.processes().includes(this.pid))
      return;
    log.error({ pid: this.pid }, 'a horse is not in its cgroup: limits are not enforced on it');
  }

  #onFault(fault: ChannelFault): void {
    if (fault === 'closed') {
      setTimeout(() => {
        this.#condemn(`closed its channel to the worker (file descriptor ${CHANNEL_FD})`);
      }, CLOSED_MS).unref();
    } else {
      this.#isUnfit = true;
      const [head] = this.#line;
      const isOver = head !== undefined && this.#onlyRun(head.task) === undefined;
      if (isOver && this.#line.length > 0) return; // another has begun meanwhile: it ends that first
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
    const escaped = await findMarked(markEntry(mark), this.pid);
    const grouped = group?.processes().filter((pid) => pid !== this.pid) ?? [];
    return [...new Set([...own, ...escaped, ...grouped])].filter(
      (pid) => processStat(pid)?.hasEnded === false,
    );
  }

  async #bury(code: number | null, signal: NodeJS.Signals | null): Promise<HorseDeath> {
    this.#isGone = true;
    this.#endSilence();
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    const lackingMemory = this.#lackingMemory(); // it is counted in its group, which goes
    this.#lastEffects = this.effectsOfLimits;
    // What it said before its death is all heard before anyone is judged, and what had not begun goes on before others are cleared up.
    await this.#channel?.drained();
    if (this.#wasReady) this.#giveBackUnbegun();
    await this.#clear();
    // Its last output is read.
    if (this.pid !== undefined)
      await Promise.race([closed, pause(LAST_OUTPUT_MS, undefined, { ref: false })]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    const death: HorseDeath = {
      code,
      signal,
      wasReady: this.#wasReady,
      output: [this.#errorTail.text, ...this.#lastEffects].filter((text) => text !== '').join('\n'),
      ...(lackingMemory !== undefined && { lackingMemory }),
      ...(this.#settings.group !== undefined && { limits: this.#settings.group.limits }),
      ...(this.#lastWords !== undefined && { lastWords: this.#lastWords }),
      ...(this.#verdict !== undefined && { verdict: this.#verdict }),
    };
    this.#channel?.close();
    this.#revoker?.close();
    for (const run of [...this.#line]) {
      this.#remove(run);
      run.onEnd({ outcome: run.outcome ?? outcomeOfDeath(death), took: undefined, leftBehind: [] });
    }
    return death;
  }

  /** It is dead, and all is heard: what remains here are the run that went on, and those whose ends are looked into. */
  #giveBackUnbegun(): void {
    const announced = this.#line.findLast(({ begunAt }) => begunAt !== undefined)?.place ?? 0;
    const begun = this.#revoker?.lastBegun ?? announced;
    this.#diedUnprovoked =
      this.#lastWords === undefined &&
      !this.#line.some(({ place, outcome }) => place <= begun && outcome === undefined);
    this.#giveBackAfter(begun);
  }

  /** Ends what it has left behind, however long that takes, and removes its cgroup. */
  async #clear(): Promise<void> {
    const { group, mark } = this.#settings;
    for (;;) {
      if (this.pid !== undefined) killAtOnce(-this.pid); // what it left in its group
      const isClear = (await group?.clear()) ?? true;
      this.#stubborn = this.#mayHaveChildren ? await killMarked(markEntry(mark)) : [];
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
    const kills = this.#settings.group?.oomKills() ?? serviceOomKills();
    if (kills === undefined || this.#oomKills === undefined || kills <= this.#oomKills) return undefined;
    return (this.#settings.group?.memoryLimitHits() ?? 0) > 0 ? 'limit' : 'service';
  }
}
