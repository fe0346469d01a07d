import type { HorseProcess } from './horse-process.ts';
import type { Outcome } from '../runs/outcome.ts';
import type { StartedTask } from '../runs/run-records.ts';
import type { Limits } from '../../tasks/task-limits.ts';

/** What a run in a horse is, and what is told of it on its way. */
export interface HorseRunOptions {
  /** Its code is about to run. Default: nobody wants to know. */
  readonly onBegun?: () => void;
  /** But it did not, and will be about to once more. */
  readonly onTakenBack?: () => void;
  readonly onProgress: (told: string) => void;
  /** Those of the task's type. */
  readonly limits?: Limits | undefined;
  /** It gets a horse that no other run had or will have. */
  readonly isAlone?: boolean;
}

/** A run in a pool of horses: it waits for a horse, is sent to one, begins there unless it is taken back, and is over. */
export class PooledRun {
  readonly task: StartedTask;
  /** The number that it has among the runs of its pool: the lower goes first. */
  readonly number: number;
  readonly options: HorseRunOptions;
  /** The limits that are enforced. */
  readonly limits: Limits | undefined;
  /** Resolves to how it ended. */
  readonly ended: Promise<Outcome>;
  readonly end: (outcome: Outcome) => void;
  /** Where it was sent. */
  horse: HorseProcess | undefined;
  /** Why it is not to begin any more. */
  withdrawn: string | undefined;
  /** How many horses have died, through no run's fault, while it waited there. */
  deaths = 0;
  /** It was taken note of for how long the runs of its type take. */
  isMeasured = false;

  constructor(task: StartedTask, number: number, options: HorseRunOptions, limits: Limits | undefined) {
    this.task = task;
    this.number = number;
    this.options = options;
    this.limits = limits;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.ended = promise;
    this.end = resolve;
  }

  get isAlone(): boolean {
    return this.limits !== undefined || this.options.isAlone === true;
  }
}
