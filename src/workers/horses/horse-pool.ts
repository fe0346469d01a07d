import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { Guardian } from './guardian.ts';
import { HorseProcess } from './horse-process.ts';
import type { HorseSettings } from './horse-protocol.ts';
import { killAtOnce, killMarkedAtOnce } from './marked-processes.ts';
import type { Outcome } from '../outcome.ts';
import type { StartedTask } from '../session.ts';
import { StandardError } from '../../processes/standard-error.ts';
import { WorkerDirectory } from '../directories/worker-directory.ts';

export interface HorsePoolSettings extends HorseSettings {
  /** After how many tasks a horse is replaced; 1 gives each task a fresh process. */
  readonly maxTasksPerHorse: number;
  readonly databaseUrl: string;
  readonly log: Logger;
}

/** What a run in a horse reports on its way. */
export interface HorseRunEvents {
  readonly onProgress: (progress: string) => void;
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

/** Warm horses: each runs one task at a time and then takes the next one. */
export class HorsePool {
  readonly #settings: HorsePoolSettings;
  readonly #directory: WorkerDirectory;
  readonly #output: StandardError;
  /** What the marks of our horses begin with; none can guess it. */
  readonly #mark = `${randomBytes(16).toString('hex')}.`;
  readonly #guardian: Guardian;
  readonly #idle: HorseProcess[] = [];
  readonly #all = new Set<HorseProcess>();
  #made = 0;
  #isKilled = false;

  constructor(settings: HorsePoolSettings) {
    const { log } = settings;
    this.#settings = settings;
    this.#directory = WorkerDirectory.at(settings.workerDirectory);
    this.#guardian = new Guardian(this.#mark, log);
    this.#output = new StandardError((bytes) => {
      log.warn({ bytes }, 'output of tasks was dropped: it came faster than stderr was read');
    });
  }

  /** Runs a task in an idle horse, or in a new one. */
  run(task: StartedTask, { onProgress }: HorseRunEvents): HorseRun {
    const horse = this.#take() ?? this.#make();
    const state = { isDisturbed: false };
    const ended = this.#conduct(horse, task, onProgress, state);
    if (this.#isWornOut(horse) && this.#idle.length === 0) this.#idle.push(this.#make()); // its successor
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
    if (this.#all.size > 0) killMarkedAtOnce(this.#mark);
    this.#guardian.end(); // it looks again, for what was being started in this moment
  }

  async #conduct(
    horse: HorseProcess,
    task: StartedTask,
    onProgress: (progress: string) => void,
    state: { readonly isDisturbed: boolean },
  ): Promise<Outcome> {
    const { outcome, isFit, leftBehind } = await horse.perform(task, onProgress);
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
    return horse.runs >= this.#settings.maxTasksPerHorse;
  }

  #make(): HorseProcess {
    const { tasksFile, worker, workerDirectory, databaseUrl, log } = this.#settings;
    const horse = new HorseProcess({
      ...{ tasksFile, worker, workerDirectory, databaseUrl, log },
      mark: `${this.#mark}${(this.#made += 1)}.`,
      onOutput: (lines) => {
        this.#output.write(lines);
      },
    });
    this.#all.add(horse);
    const { pid } = horse;
    if (pid !== undefined) this.#guardian.watch(pid);
    void horse.dead.then(() => {
      this.#all.delete(horse);
      if (pid === undefined) return;
      this.#guardian.forget(pid);
      this.#directory.deleteVacantDirectory(pid);
    });
    return horse;
  }
}
