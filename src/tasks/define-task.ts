import { z } from 'zod';
import type { Logger } from 'pino';
import { NAME_PATTERN } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { secretPlaces, type SecretPlace } from '../secrets/secret-places.ts';
import { requireJsonInput } from './json-input.ts';
import type { Abandoned, Report } from './reports.ts';
import type { Resource } from './resource.ts';
import { checkDefaults, type PublishedDefaults, type TaskDefaults } from './task-defaults.ts';
import { checkLimits, type Limits, type TaskLimits } from './task-limits.ts';

/**
 * Where a task's code runs: in a child process that can be killed and runs others after it; in one that no other task has
 * had or will have; or in the worker itself, for speed.
 */
export type Isolation = (typeof ISOLATIONS)[number];
const ISOLATIONS = ['horse', 'process', 'inline'] as const;

/** What becomes of a run whose worker is lost: canceled as in pulpcore, tried again, or failed. */
export type OnWorkerLoss = (typeof WAYS_OF_LOSS)[number];
const WAYS_OF_LOSS = ['cancel', 'retry', 'fail'] as const;

/**
 * What becomes of a run that its worker ends because it stops: back to the front of its line at no cost of an attempt, or
 * canceled as in pulpcore.
 */
export type OnWorkerStop = (typeof WAYS_OF_STOP)[number];
const WAYS_OF_STOP = ['requeue', 'cancel'] as const;

/** What a task's code is given. */
export interface TaskContext<Args, Kwargs> {
  /** The task's id. */
  readonly id: string;
  /** The positional arguments, as the type's schema gives them. */
  readonly args: Args;
  /** The named arguments, as the type's schema gives them. */
  readonly kwargs: Kwargs;
  /** Which run of the task this is, from 1. */
  readonly attempt: number;
  /** Aborted when the task is canceled or its time is up; whoever ignores it in a horse is killed after a grace. */
  readonly signal: AbortSignal;
  /** A directory of this run's own, gone afterwards. In a horse it is also the current directory. */
  readonly workingDirectory: string;
  /** Structured log, with the ids of task and correlation. */
  readonly log: Logger;
  /** Reports progress: any JSON value. Reports are coalesced; the last one counts. */
  readonly progress: (report: unknown) => void;
  /** Reports on a part of the work: several run beside each other, each by its code. Coalesced as `progress` is. */
  readonly report: (report: Report) => void;
  /**
   * Says what the task has created; resolves when that is recorded, so that it is known whatever becomes of the run: see
   * `onAbandoned`. At most 1,000 a run.
   */
  readonly created: (...resources: readonly Resource[]) => Promise<void>;
}

/** What makes a task type: its code, the schemas of its arguments, and how it is run. */
export interface TaskOptions<
  ArgsSchema extends z.ZodType,
  KwargsSchema extends z.ZodType,
  Result,
> extends TaskDefaults {
  /** Schema of the positional arguments, usually a tuple. Default: none are taken. */
  readonly args?: ArgsSchema;
  /** Schema of the named arguments, usually an object. Default: none are taken. */
  readonly kwargs?: KwargsSchema;
  /** Default `horse`. */
  readonly isolation?: Isolation;
  /** Default `cancel`. */
  readonly onWorkerLoss?: OnWorkerLoss;
  /** Default `requeue` where `onWorkerLoss` is `retry`, else `cancel`. */
  readonly onWorkerStop?: OnWorkerStop;
  /** What a run may use at most; for horses, and where its worker has cgroups, see docs/limits.md. Default: no limits. */
  readonly limits?: TaskLimits;
  /** Whether a run that threw this is tried again, if retries are left. Default: any is. */
  readonly retryOn?: (error: unknown) => boolean;
  /**
   * Told what a task has created that failed or was canceled, by a task of its own, of the type `NAME.abandoned`, that claims it. It is
   * tried again if it fails, and run again if its worker is lost.
   */
  readonly onAbandoned?: (abandoned: Abandoned, context: TaskContext<unknown, unknown>) => unknown;
  /** The code. What it returns must be JSON, or nothing; what it throws fails the task. */
  readonly run: (
    context: TaskContext<z.output<ArgsSchema>, z.output<KwargsSchema>>,
  ) => Promise<Result> | Result;
}

/** Tells a task type from other values, also one that another copy of this package made. */
const TASK_TYPE = Symbol.for('pulp-tasking.task-type');

/** A task type: a registered name and its code. Made by `defineTask`. */
export interface TaskType<
  ArgsSchema extends z.ZodType = z.ZodType,
  KwargsSchema extends z.ZodType = z.ZodType,
  Result = unknown,
> {
  readonly [TASK_TYPE]: true;
  readonly name: string;
  readonly args: ArgsSchema;
  readonly kwargs: KwargsSchema;
  readonly isolation: Isolation;
  readonly onWorkerLoss: OnWorkerLoss;
  readonly onWorkerStop: OnWorkerStop;
  readonly limits: Limits | undefined;
  /** What holds for its tasks unless who enqueues one says otherwise. */
  readonly defaults: PublishedDefaults;
  readonly retryOn: ((error: unknown) => boolean) | undefined;
  readonly onAbandoned: TaskOptions<ArgsSchema, KwargsSchema, Result>['onAbandoned'];
  /** Where in `{ args, kwargs }` secrets are. */
  readonly secretPlaces: () => readonly SecretPlace[];
  // A method, so that a type with narrower arguments still is a TaskType.
  run(context: TaskContext<z.output<ArgsSchema>, z.output<KwargsSchema>>): Promise<Result> | Result;
}

type NoArgs = z.ZodTuple<[], null>;
type NoKwargs = z.ZodObject<Record<string, never>, z.core.$strict>;

/**
 * Defines a task type; workers find it among the exports of their tasks file.
 *
 * @param name its registered name, which tasks in the database bear: renaming it strands them
 * @throws PulpError INVALID_INPUT if the name or an option is not allowed, a schema is of zod 3 or asks for what JSON cannot hold, or a
 *   secret is where it cannot be located
 */
export function defineTask<
  ArgsSchema extends z.ZodType = NoArgs,
  KwargsSchema extends z.ZodType = NoKwargs,
  Result = unknown,
>(
  name: string,
  options: TaskOptions<ArgsSchema, KwargsSchema, Result>,
): TaskType<ArgsSchema, KwargsSchema, Result> {
  if (!NAME_PATTERN.test(name)) {
    throw new PulpError('INVALID_INPUT', `task type name ${JSON.stringify(name)} is not allowed`, {
      remedy: 'Start with a letter; use at most 128 letters, digits and characters of _.:@-',
      exitCode: 2,
    });
  }
  const { isolation = 'horse', onWorkerLoss = 'cancel', run } = options;
  checkOption(name, 'isolation', isolation, ISOLATIONS);
  checkOption(name, 'onWorkerLoss', onWorkerLoss, WAYS_OF_LOSS);
  const { onWorkerStop = onWorkerLoss === 'retry' ? 'requeue' : 'cancel' } = options;
  checkOption(name, 'onWorkerStop', onWorkerStop, WAYS_OF_STOP);
  const limits = checkLimits(name, options.limits);
  if (limits !== undefined)
    checkOption(name, 'isolation of a type with limits', isolation, ['horse', 'process']);
  checkOption(name, 'run', typeof run, ['function']);
  checkOption(name, 'onAbandoned', typeof options.onAbandoned, ['function', 'undefined']);
  checkOption(name, 'retryOn', typeof options.retryOn, ['function', 'undefined']);
  const args = options.args ?? (z.tuple([]) as unknown as ArgsSchema);
  const kwargs = options.kwargs ?? (z.strictObject({}) as unknown as KwargsSchema);
  checkSchemas(name, { args, kwargs });
  return {
    [TASK_TYPE]: true,
    name,
    args,
    kwargs,
    secretPlaces: secretPlacesOf(name, { args, kwargs }),
    isolation,
    onWorkerLoss,
    onWorkerStop,
    limits,
    defaults: checkDefaults(name, options),
    retryOn: options.retryOn,
    onAbandoned: options.onAbandoned,
    run,
  };
}

/** Types are not there any more where the code runs. */
function checkOption(task: string, option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new PulpError(
    'INVALID_INPUT',
    `task type ${task}: ${option}: ${JSON.stringify(value)} is not allowed`,
    {
      remedy: `Allowed: ${allowed.join(', ')}.`,
      exitCode: 2,
    },
  );
}

/** A lazy schema cannot be looked into before the module that defines it has been run; then it is when it is published. */
function checkSchemas(
  name: string,
  { args, kwargs }: { readonly args: z.ZodType; readonly kwargs: z.ZodType },
): void {
  try {
    requireJsonInput(name, 'args', args);
    requireJsonInput(name, 'kwargs', kwargs);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
  }
}

/** Looks once; at once, unless a lazy schema cannot be looked into before the module that defines it has been run. */
function secretPlacesOf(
  name: string,
  schemas: { readonly args: z.ZodType; readonly kwargs: z.ZodType },
): () => readonly SecretPlace[] {
  let known: readonly SecretPlace[] | undefined;
  const places = () => (known ??= secretPlaces(name, schemas));
  try {
    places();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
  }
  return places;
}

/** Whether a value was made by `defineTask`. */
export function isTaskType(value: unknown): value is TaskType {
  return typeof value === 'object' && value !== null && TASK_TYPE in value;
}
