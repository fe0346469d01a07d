import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { HorseGroup } from './cgroups/horse-group.ts';
import { HorseGroups } from './cgroups/horse-groups.ts';
import type { LingeringProcess } from './death-watch.ts';
import type { HorseMessage } from './guardian.ts';
import { outcomeOfDeath, type HorseDeath } from './horse-death.ts';
import type { AnswerOf } from './questions.ts';
import { HorseProcess, type HorseRunEnd } from './horse-process.ts';
import type { HorseSettings } from './horse-protocol.ts';
import { chooseHorse, horsesToMake } from './placement.ts';
import { PooledRun, type HorseRunOptions } from './pooled-run.ts';
import { RunTimes, SHORT_MS } from './run-times.ts';
import { StartPace } from './start-pace.ts';
import type { Outcome } from '../runs/outcome.ts';
import type { StartedTask } from '../runs/run-records.ts';
import { killAtOnce, killMarkedAtOnce } from '../../processes/marked-processes.ts';
import { processStat } from '../../processes/process-stat.ts';
import { isHostCrowded } from '../../processes/run-queue.ts';
import { markEntry } from '../../processes/task-process.ts';
import type { Limits } from '../../tasks/task-limits.ts';
import { wrapOutput } from '../runs/task-output.ts';
import { StandardError } from '../../processes/standard-error.ts';
import { WorkerDirectory } from '../directories/worker-directory.ts';

const PROCESSORS = availableParallelism();

/** How many horses are enough for runs that are short. */
const FEW_HORSES = 2 * PROCESSORS;

/** Between two looks whether a run takes long behind or beside which others wait, in milliseconds. */
const LOOK_MS = SHORT_MS / 2;

/** How soon a start that was put off is looked at again, in milliseconds: not by all workers of a host at once. */
const HELD_LOOK_MS = { least: 50, most: 150 };

/** After so long without a run, horses beyond the few are ended, in milliseconds. */
const SURPLUS_MS = 60_000;

/** After the death of so many horses in which it was about to begin, a run is given up: its host may be to blame. */
const MANY_DEATHS = 3;

export interface HorsePoolSettings extends HorseSettings {
  /** After how many tasks a horse is replaced; 1 gives each task a fresh process; undefined: see `Wear`. */
  readonly maxTasksPerHorse: number | undefined;
  /** What the code of a task is answered. */
  readonly answer: AnswerOf;
  readonly log: Logger;
  /** What the marks of its horses begin with, and nobody else's. */
  readonly mark: string;
  /** Tells the worker's guardian. */
  readonly guard: (message: HorseMessage) => void;
  /** A horse, or what it has started, goes on though it was killed: told after a few seconds, then ever less often. */
  readonly onUnkillable?: (horse: UnkillableHorse) => void;
  /** When that is told, in milliseconds, see `DeathWatch`. */
  readonly tellingMs?: readonly number[];
  /** Default: `isHostCrowded`. */
  readonly isCrowded?: () => boolean;
}

/** A horse of which something goes on though it was killed. Its run has not ended, and keeps what it holds. */
export interface UnkillableHorse {
  /** The run that it has in hand; none if it was to be replaced. */
  readonly task: StartedTask | undefined;
  readonly processes: readonly LingeringProcess[];
  /** For how long it has been dying. Most horses die within a few milliseconds. */
  readonly killedForMs: number;
}

/** A run in a horse. */
export interface HorseRun {
  /**
   * How it ended; never rejects. A horse that dies has failed its task. Nothing of the run is left then: no process that
   * it started, and no working directory.
   */
  readonly ended: Promise<Outcome>;
  /**
   * Tells the code to end, by its signal and by SIGTERM to the horse's process group. A run that has not begun is over at once,
   * and no process ends for it.
   */
  abort(reason: string): void;
  /** Ends the code for good: SIGKILL to the horse, and to whatever it has started. The same holds for one that has not begun. */
  kill(): void;
}

/**
 * Warm horses: each runs one task at a time and then takes the next one. There are few; more are made for runs that take long. Of
 * types whose runs are short, tasks are sent ahead to a horse that is still busy, no more than what is expected to end within
 * `SHORT_MS`; should a run take longer, those behind it are taken back. A task that is to be alone gets a fresh horse, which is not
 * used again; so does one whose type has limits: it is not to answer for memory that an earlier task left, and V8 measures its
 * heap by the limit at the start.
 */
export class HorsePool {
  readonly #settings: HorsePoolSettings;
  readonly #directory: WorkerDirectory;
  readonly #output: StandardError;
  readonly #all = new Set<HorseProcess>();
  readonly #times = new RunTimes();
  readonly #isCrowded: () => boolean;
  readonly #pace: StartPace;
  /** The runs that have no horse yet, in their order; and those that are to be alone in theirs. */
  readonly #waiting: PooledRun[] = [];
  readonly #waitingAlone: PooledRun[] = [];
  #runs = 0;
  #isPlacing = false;
  #look: NodeJS.Timeout | undefined;
  #isLookSoon = false;
  #clearing: NodeJS.Timeout | undefined;
  /** What they run, until nothing of the run is left. */
  readonly #tasks = new Map<HorseProcess, PooledRun>();
  /** A text says why there are none. */
  readonly #groups: HorseGroups | string;
  #made = 0;
  #isKilled = false;
  #toldOfLimits = false;

  constructor(settings: HorsePoolSettings) {
    const { log } = settings;
    this.#settings = settings;
    this.#isCrowded = settings.isCrowded ?? isHostCrowded;
    this.#pace = new StartPace(this.#isCrowded);
    this.#directory = WorkerDirectory.at(settings.workerDirectory);
    this.#groups = HorseGroups.ofThisProcess();
    this.#output = new StandardError((bytes) => {
      log.warn({ bytes }, 'output of tasks was dropped: it came faster than stderr was read');
    });
    if (this.#groups instanceof HorseGroups) void this.#clearLeftGroups(this.#groups);
  }

  /** Horses that were killed and of which something is left in this moment: none of them is code in this process. */
  get unkillable(): readonly UnkillableHorse[] {
    return [...this.#all].flatMap((horse) => {
      const { killedForMs, lingering } = horse;
      if (killedForMs === undefined) return [];
      return [{ task: this.#tasks.get(horse)?.task, processes: lingering, killedForMs }];
    });
  }

  /** Runs a task as soon as there is a horse for it. */
  run(task: StartedTask, options: HorseRunOptions): HorseRun {
    const { limits } = options;
    const enforced = limits !== undefined && this.#canLimit(limits, task) ? limits : undefined;
    const run = new PooledRun(task, (this.#runs += 1), options, enforced);
    this.#enter(run);
    return {
      ended: run.ended,
      abort: (reason) => {
        this.#withdraw(run, reason);
        run.horse?.abort(task, reason);
      },
      kill: () => {
        this.#withdraw(run, 'killed');
        run.horse?.killRun(task);
      },
    };
  }

  /** Kills every horse and whatever they have started, at once. The pool is of no use any more. */
  kill(): void {
    this.#isKilled = true;
    clearTimeout(this.#look);
    clearTimeout(this.#clearing);
    for (const horse of this.#all) horse.kill();
    for (const run of [...this.#waiting.splice(0), ...this.#waitingAlone.splice(0)]) this.#enter(run);
    if (this.#all.size === 0) return;
    const { mark, guard } = this.#settings;
    killMarkedAtOnce(markEntry(mark));
    guard({ type: 'sweep', entry: markEntry(mark) }); // for what was being started in this moment
  }

  /** Tries whether a horse can start here and load the task types, and keeps it; gives why not, if it cannot. */
  async probe(): Promise<string | undefined> {
    if (this.#isKilled) return undefined;
    const horse = this.#make(); // one that is warm already proves nothing
    const death = await Promise.race([horse.ready, horse.dead]);
    if (death === undefined) {
      if (this.#isKilled) horse.kill();
      return undefined;
    }
    const outcome = outcomeOfDeath(death);
    return outcome.outcome === 'interrupted' ? outcome.reason : 'its horse died';
  }

  /** Sees to it that a run gets a horse, or is over. */
  #enter(run: PooledRun): void {
    if (run.withdrawn !== undefined) {
      run.end({ outcome: 'canceled', reason: run.withdrawn });
    } else if (this.#isKilled) {
      run.end({ outcome: 'interrupted', by: 'shutdown', reason: 'its worker ended before it began' });
    } else {
      const line = this.#lineOf(run);
      const place = line.findIndex(({ number }) => number > run.number);
      line.splice(place === -1 ? line.length : place, 0, run);
      this.#placeSoon();
    }
  }

  #lineOf(run: PooledRun): PooledRun[] {
    return run.isAlone ? this.#waitingAlone : this.#waiting;
  }

  #withdraw(run: PooledRun, reason: string): void {
    run.withdrawn ??= reason;
    this.#placeSoon(); // others may have waited for its horse to be ready
    const line = this.#lineOf(run);
    const place = line.indexOf(run);
    if (place === -1) return;
    line.splice(place, 1);
    this.#enter(run);
  }

  /** What comes in one turn of the event loop is placed together. */
  #placeSoon(): void {
    if (this.#isPlacing) return;
    this.#isPlacing = true;
    process.nextTick(() => {
      this.#isPlacing = false;
      if (!this.#isKilled) this.#place();
    });
  }

  #place(): void {
    this.#placeAlone();
    const waiting = this.#waiting.splice(0);
    for (const run of waiting) {
      const expected = this.#times.expected(run.task.name);
      const horse = chooseHorse(this.#all, expected, PROCESSORS);
      if (horse === undefined) this.#waiting.push(run);
      else void this.#conduct(run, horse, expected?.ms);
    }
    this.#makeMissing();
    this.#lookAfterLongRuns();
  }

  /** On a crowded host one of their horses starts at a time. */
  #placeAlone(): void {
    for (const run of this.#waitingAlone.splice(0)) {
      const fresh = run.limits === undefined ? this.#freshHorse() : undefined;
      const isTurn =
        fresh !== undefined || ![...this.#all].some(({ isStarting }) => isStarting) || !this.#isCrowded();
      if (isTurn) void this.#conduct(run, fresh ?? this.#make(run.limits));
      else this.#waitingAlone.push(run);
    }
  }

  #makeMissing(): void {
    const shared = [...this.#all].filter(({ isForOneRun }) => !isForOneRun);
    const wanted = horsesToMake({
      waiting: this.#waiting.map(({ task }) => this.#times.expected(task.name)),
      starting: shared.filter(({ isStarting }) => isStarting).length,
      brief: shared.filter(({ isBrief }) => isBrief).length,
      few: FEW_HORSES,
    });
    for (let missing = this.#pace.admit(wanted, shared.length); missing > 0; missing -= 1) this.#make();
  }

  /** As long as tasks wait behind or beside a run: those behind one that takes long are taken back. And as long as a start is put off. */
  #lookAfterLongRuns(): void {
    if (this.#isKilled) return;
    const isWaiting = this.#waiting.length > 0;
    const hasCause = [...this.#all].some((horse) => horse.isWaitedFor || (isWaiting && horse.mayBeLong));
    if (!hasCause && !this.#pace.isHolding) return; // the horses that start tell when they are ready
    if (this.#look !== undefined && (this.#isLookSoon || !hasCause)) return;
    clearTimeout(this.#look);
    this.#isLookSoon = hasCause;
    const ms = hasCause ? LOOK_MS : randomInt(HELD_LOOK_MS.least, HELD_LOOK_MS.most);
    this.#look = setTimeout(() => {
      // What has ended meanwhile is heard of first.
      setImmediate(() => {
        this.#look = undefined;
        for (const horse of this.#all) if (horse.isHeld) this.#noteLongRun(horse);
        this.#placeSoon();
      });
    }, ms);
  }

  #noteLongRun(horse: HorseProcess): void {
    horse.takeBack();
    horse.lookAtLongRun();
    const run = horse.running === undefined ? undefined : this.#tasks.get(horse);
    if (horse.isLong && run !== undefined) this.#measure(run, Infinity, 0);
  }

  #measure(run: PooledRun, ms: number, idleMs: number): void {
    if (!run.isMeasured) this.#times.add(run.task.name, ms, idleMs);
    run.isMeasured = true;
  }

  /** Has a horse run it, and sees to what becomes of both. */
  async #conduct(run: PooledRun, horse: HorseProcess, expectedMs = Infinity): Promise<void> {
    const { task, options } = run;
    run.horse = horse;
    if (run.isAlone) horse.isForOneRun = true;
    const ending = horse.perform(task, expectedMs, {
      onProgress: options.onProgress,
      onBegun: () => {
        this.#tasks.set(horse, run);
        options.onBegun?.();
      },
    });
    if (!run.isAlone && horse.isFull) this.#prepareSuccessor();
    const end = await ending;
    if (end === undefined) {
      this.#onGivenBack(run, horse);
      return;
    }
    if (end.took !== undefined) this.#measure(run, end.took.ms, end.took.idleMs);
    await this.#clearUp(run, horse, end);
    if (this.#tasks.get(horse) === run) this.#tasks.delete(horse); // it may have the next one already
    run.end(end.outcome);
    this.#placeSoon();
  }

  /** It has not begun there. */
  #onGivenBack(run: PooledRun, horse: HorseProcess): void {
    run.horse = undefined;
    if (this.#tasks.get(horse) === run) this.#tasks.delete(horse);
    run.options.onTakenBack?.();
    if (horse.isForOneRun) horse.kill();
    if (horse.diedUnprovoked) run.deaths += 1;
    if (run.deaths < MANY_DEATHS) this.#enter(run);
    else {
      const reason = `no horse can be kept: ${run.deaths} died before it began`;
      run.end({ outcome: 'interrupted', by: 'host', reason });
    }
  }

  /** After a run: its horse goes on, or ends with all that the run has left behind. */
  async #clearUp(
    { task }: PooledRun,
    horse: HorseProcess,
    { outcome, leftBehind }: HorseRunEnd,
  ): Promise<void> {
    const effects = outcome.outcome === 'completed' ? [] : horse.effectsOfLimits;
    if (effects.length > 0) {
      this.#settings.log.info({ task: task.id, name: task.name, effects }, 'a task came up to its limits');
    }
    if (!horse.isUnfit) {
      if (horse.isWornOut) horse.kill();
      else this.#clearSurplus();
      return;
    }
    if (leftBehind.length > 0) {
      this.#settings.log.warn(
        { task: task.id, name: task.name, processes: leftBehind.length },
        'a task left processes behind; they are killed',
      );
      leftBehind.forEach(killAtOnce);
    }
    horse.kill();
    await horse.dead;
    // A pool that was killed takes no care of that: its worker's next life may run the task again by now.
    if (!this.#isKilled) await this.#directory.deleteWorkingDirectory(task.id);
  }

  /** A horse that has run nothing yet. */
  #freshHorse(): HorseProcess | undefined {
    return [...this.#all].find(({ isIdle, runs, isForOneRun }) => isIdle && runs === 0 && !isForOneRun);
  }

  /** A horse is about to have its last run: where no other is at hand, the next will need one. */
  #prepareSuccessor(): void {
    if (![...this.#all].some(({ isIdle, isStarting }) => isIdle || isStarting)) this.#make();
  }

  /** Ends horses that were made for runs that took long, and that nobody has needed for a while. */
  #clearSurplus(): void {
    if (this.#clearing !== undefined || this.#all.size <= FEW_HORSES) return;
    this.#clearing = setTimeout(() => {
      this.#clearing = undefined;
      const since = performance.now() - SURPLUS_MS;
      const idle = [...this.#all].filter((horse) => horse.isIdle && horse.idleSince <= since);
      for (const horse of idle.slice(0, Math.max(0, this.#all.size - FEW_HORSES))) horse.kill();
      this.#clearSurplus();
    }, SURPLUS_MS).unref();
  }

  /** Whether any of the limits can be enforced. Told once: that some cannot. */
  #canLimit(limits: Limits, { name }: StartedTask): boolean {
    const groups = this.#groups;
    const all = Object.keys(limits);
    const unenforced = typeof groups === 'string' ? all : groups.unenforced(limits);
    if (unenforced.length > 0 && !this.#toldOfLimits) {
      this.#toldOfLimits = true;
      const reason =
        typeof groups === 'string' ? groups : 'its cgroup was not given the controllers for them';
      this.#settings.log.warn({ name, unenforced, reason }, 'limits of task types are not enforced here');
    }
    return unenforced.length < all.length;
  }

  async #clearLeftGroups(groups: HorseGroups): Promise<void> {
    const cleared = await groups.clear();
    if (cleared > 0) this.#settings.log.info({ cleared }, 'cgroups of horses of dead workers were removed');
  }

  #tellOfLingering(horse: HorseProcess, processes: readonly LingeringProcess[], killedForMs: number): void {
    const task = this.#tasks.get(horse)?.task;
    this.#settings.log.error(
      {
        ...(task !== undefined && { task: task.id, name: task.name }),
        processes,
        seconds: Math.round(killedForMs / 1000),
      },
      'processes of a task do not die though they were killed: its run keeps what it holds, and others go on',
    );
    this.#settings.onUnkillable?.({ task, processes, killedForMs });
  }

  #makeGroup(limits: Limits | undefined): HorseGroup | undefined {
    if (typeof this.#groups === 'string') return undefined;
    const group = this.#groups.make(limits);
    if (group === undefined) {
      this.#settings.log.error({ limits }, 'no cgroup can be made for a horse: it runs without limits');
    }
    return group;
  }

  /** Nobody was given to it; but one waits for a horse, and learns that there is none. */
  #onFailedStart(death: HorseDeath): void {
    if (!this.#isKilled) this.#waiting.shift()?.end(outcomeOfDeath(death));
  }

  #make(limits?: Limits): HorseProcess {
    const { tasksFiles, worker, workerDirectory, answer, log, tellingMs } = this.#settings;
    const horse: HorseProcess = new HorseProcess({
      ...{ tasksFiles, worker, workerDirectory, answer, log },
      mark: `${this.#settings.mark}${(this.#made += 1)}.`,
      group: this.#makeGroup(limits),
      isForOneRun: limits !== undefined,
      maxRuns: this.#settings.maxTasksPerHorse,
      onLingering: (processes, killedForMs) => {
        this.#tellOfLingering(horse, processes, killedForMs);
      },
      ...(tellingMs !== undefined && { tellingMs }),
      onOutput: (lines, stream, task) => {
        this.#output.write(Buffer.from(wrapOutput(lines, { worker, task, stream })));
      },
    });
    this.#all.add(horse);
    const { pid, cgroup } = horse;
    const { guard } = this.#settings;
    if (pid !== undefined)
      guard({ type: 'watch', pid, startTime: processStat(pid)?.startTime ?? '', cgroup });
    void horse.ready.then(() => {
      this.#placeSoon();
    });
    void horse.dead.then((death) => {
      this.#all.delete(horse);
      if (!death.wasReady && !horse.isForOneRun) this.#onFailedStart(death);
      this.#placeSoon();
      if (pid === undefined) return;
      guard({ type: 'forget', pid });
      this.#directory.deleteVacantDirectory(pid);
    });
    return horse;
  }
}
