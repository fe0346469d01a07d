import type { Logger } from 'pino';
import type { HorseGroup } from './cgroups/horse-group.ts';
import { HorseGroups } from './cgroups/horse-groups.ts';
import type { LingeringProcess } from './death-watch.ts';
import type { HorseMessage } from './guardian.ts';
import { outcomeOfDeath } from './horse-death.ts';
import { HorseProcess } from './horse-process.ts';
import type { HorseSettings } from './horse-protocol.ts';
import { killAtOnce, killMarkedAtOnce } from './marked-processes.ts';
import type { Outcome } from '../outcome.ts';
import type { StartedTask } from '../run-records.ts';
import { processStat } from '../../processes/process-stat.ts';
import type { Limits } from '../../tasks/task-limits.ts';
import { StandardError } from '../../processes/standard-error.ts';
import { WorkerDirectory } from '../directories/worker-directory.ts';

export interface HorsePoolSettings extends HorseSettings {
  /** After how many tasks a horse is replaced; 1 gives each task a fresh process. */
  readonly maxTasksPerHorse: number;
  readonly databaseUrl: string;
  readonly log: Logger;
  /** What the marks of its horses begin with, and nobody else's. */
  readonly mark: string;
  /** Tells the worker's guardian. */
  readonly guard: (message: HorseMessage) => void;
  /** A horse, or what it has started, goes on though it was killed: told after a few seconds, then ever less often. */
  readonly onUnkillable?: (horse: UnkillableHorse) => void;
  /** When that is told, in milliseconds, see `DeathWatch`. */
  readonly tellingMs?: readonly number[];
}

/** A horse of which something goes on though it was killed. Its run has not ended, and keeps what it holds. */
export interface UnkillableHorse {
  /** The run that it has in hand; none if it was to be replaced. */
  readonly task: StartedTask | undefined;
  readonly processes: readonly LingeringProcess[];
  /** For how long it has been dying. Most horses die within a few milliseconds. */
  readonly killedForMs: number;
}

/** What a run in a horse reports on its way. */
export interface HorseRunEvents {
  readonly onProgress: (progress: string) => void;
  /** Those of the task's type. */
  readonly limits?: Limits | undefined;
}

/** A run in a horse. */
export interface HorseRun {
  /**
   * How it ended; never rejects. A horse that dies has failed its task. Nothing of the run is left then: no process that
   * it started, and no working directory.
   */
  readonly ended: Promise<Outcome>;
  /** Tells the code to end, by its signal and by SIGTERM to the horse's process group. */
  abort(reason: string): void;
  /** Ends the code for good: SIGKILL to the horse, and to whatever it has started. */
  kill(): void;
}

/**
 * Warm horses: each runs one task at a time and then takes the next one. A task whose type has limits gets a fresh one, which
 * is not used again: it is not to answer for memory that an earlier task left, and V8 measures its heap by the limit at the start.
 */
export class HorsePool {
  readonly #settings: HorsePoolSettings;
  readonly #directory: WorkerDirectory;
  readonly #output: StandardError;
  readonly #idle: HorseProcess[] = [];
  readonly #all = new Set<HorseProcess>();
  /** What they run, until nothing of the run is left. */
  readonly #tasks = new Map<HorseProcess, StartedTask>();
  /** A text says why there are none. */
  readonly #groups: HorseGroups | string;
  #made = 0;
  #isKilled = false;
  #toldOfLimits = false;

  constructor(settings: HorsePoolSettings) {
    const { log } = settings;
    this.#settings = settings;
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
      return [{ task: this.#tasks.get(horse), processes: lingering, killedForMs }];
    });
  }

  /** Runs a task in an idle horse, or in a new one. */
  run(task: StartedTask, { onProgress, limits }: HorseRunEvents): HorseRun {
    const isLimited = limits !== undefined && this.#canLimit(limits, task);
    const horse = isLimited ? this.#make(limits) : (this.#take() ?? this.#make());
    const state = { isDisturbed: false };
    this.#tasks.set(horse, task);
    const ended = this.#conduct(horse, task, onProgress, state).finally(() => {
      if (this.#tasks.get(horse) === task) this.#tasks.delete(horse); // it may have the next one already
    });
    if (!isLimited && this.#isWornOut(horse) && this.#idle.length === 0) this.#idle.push(this.#make()); // its successor
    return {
      ended,
      abort: (reason) => {
        state.isDisturbed = true;
        horse.abort(reason);
      },
      kill: () => {
        state.isDisturbed = true;
        horse.kill();
      },
    };
  }

  /** Kills every horse and whatever they have started, at once. The pool is of no use any more. */
  kill(): void {
    this.#isKilled = true;
    for (const horse of this.#all) horse.kill();
    if (this.#all.size === 0) return;
    const { mark, guard } = this.#settings;
    killMarkedAtOnce(mark);
    guard({ type: 'sweep', mark }); // for what was being started in this moment
  }

  /** Tries whether a horse can start here and load the task types, and keeps it; gives why not, if it cannot. */
  async probe(): Promise<string | undefined> {
    if (this.#isKilled) return undefined;
    const horse = this.#make(); // one that is warm already proves nothing
    const death = await Promise.race([horse.ready, horse.dead]);
    if (death === undefined) {
      if (this.#isKilled) horse.kill();
      else this.#idle.push(horse);
      return undefined;
    }
    const outcome = outcomeOfDeath(death);
    return outcome.outcome === 'interrupted' ? outcome.reason : 'its horse died';
  }

  async #conduct(
    horse: HorseProcess,
    task: StartedTask,
    onProgress: (progress: string) => void,
    state: { readonly isDisturbed: boolean },
  ): Promise<Outcome> {
    const { outcome, isFit, leftBehind } = await horse.perform(task, onProgress);
    const effects = outcome.outcome === 'completed' ? [] : horse.effectsOfLimits;
    if (effects.length > 0) {
      this.#settings.log.info({ task: task.id, name: task.name, effects }, 'a task came up to its limits');
    }
    if (isFit && !state.isDisturbed) {
      if (this.#isWornOut(horse)) horse.kill();
      else this.#idle.push(horse);
      return outcome;
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
    return outcome;
  }

  /** An idle horse. */
  #take(): HorseProcess | undefined {
    for (;;) {
      const horse = this.#idle.pop();
      if (horse?.isGone !== true) return horse;
    }
  }

  #isWornOut(horse: HorseProcess): boolean {
    return horse.isForOneRun || horse.runs >= this.#settings.maxTasksPerHorse;
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
    const task = this.#tasks.get(horse);
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

  #make(limits?: Limits): HorseProcess {
    const { tasksFile, worker, workerDirectory, databaseUrl, log, tellingMs } = this.#settings;
    const horse: HorseProcess = new HorseProcess({
      ...{ tasksFile, worker, workerDirectory, databaseUrl, log },
      mark: `${this.#settings.mark}${(this.#made += 1)}.`,
      group: this.#makeGroup(limits),
      isForOneRun: limits !== undefined,
      onLingering: (processes, killedForMs) => {
        this.#tellOfLingering(horse, processes, killedForMs);
      },
      ...(tellingMs !== undefined && { tellingMs }),
      onOutput: (lines) => {
        this.#output.write(lines);
      },
    });
    this.#all.add(horse);
    const { pid, cgroup } = horse;
    const { guard } = this.#settings;
    if (pid !== undefined)
      guard({ type: 'watch', pid, startTime: processStat(pid)?.startTime ?? '', cgroup });
    void horse.dead.then(() => {
      this.#all.delete(horse);
      if (pid === undefined) return;
      guard({ type: 'forget', pid });
      this.#directory.deleteVacantDirectory(pid);
    });
    return horse;
  }
}
