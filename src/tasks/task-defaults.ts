import { MOST_PRIORITY, NAME_PATTERN } from '../constants.ts';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { uniqueOption, type Unique } from './unique.ts';

/** How long a task pauses before it is tried again: `first`, then `factor` times as long each time, `max` at most. */
export interface Backoff {
  /** Seconds, or a text such as `30s`. Default 1. */
  readonly first?: number | string;
  /** From 1 to 1000. Default 2. */
  readonly factor?: number;
  /** Seconds, or a text such as `10m`. Default an hour. */
  readonly max?: number | string;
  /** Up to which part of it the pause is made shorter by chance, so that not all come back at once: 0 to 1. Default 0. */
  readonly jitter?: number;
}

/** What holds for the tasks of a type, unless who enqueues one says otherwise; see `EnqueueOptions`. */
export interface TaskDefaults {
  readonly queue?: string;
  readonly priority?: number;
  readonly retries?: number;
  /** Seconds, or a text such as `10m`. */
  readonly timeout?: number | string;
  readonly unique?: boolean | Unique;
  readonly backoff?: Backoff;
}

/** The same, checked, with lengths of time in seconds, as it is published. */
export interface PublishedDefaults {
  readonly queue?: string;
  readonly priority?: number;
  readonly retries?: number;
  readonly timeout?: number;
  readonly unique?: boolean | Unique;
  readonly backoff?: Readonly<Record<string, number>>;
}

/** How often a task may be tried again; `pulp.item_problem` says the same. */
const MOST_RETRIES = 9999;

/**
 * Checks what a task type says of its tasks.
 *
 * @throws PulpError INVALID_INPUT if something is not allowed
 */
export function checkDefaults(
  task: string,
  { queue, priority, retries, timeout, unique, backoff }: TaskDefaults,
): PublishedDefaults {
  const refuse = (option: string, value: unknown, remedy: string) => {
    throw new PulpError(
      'INVALID_INPUT',
      `task type ${task}: ${option}: ${JSON.stringify(value) ?? typeof value} is not allowed`,
      { remedy, exitCode: 2 },
    );
  };
  const within = (option: string, value: number, least: number, most: number, isWhole: boolean) => {
    if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value)))
      refuse(option, value, `A ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`);
    return value;
  };
  const seconds = (option: string, value: number | string) =>
    parseDuration(String(value), `task type ${task}: ${option}`) / 1000;

  if (queue !== undefined && !NAME_PATTERN.test(queue))
    refuse('queue', queue, 'Start with a letter; use at most 128 letters, digits and characters of _.:@-');
  const timeoutSeconds = timeout === undefined ? undefined : seconds('timeout', timeout);
  if (timeoutSeconds === 0) refuse('timeout', timeout, 'More than 0.');
  if (!uniqueOption.safeParse(unique ?? false).success)
    refuse('unique', unique, 'True, or an object of key, for, while and then: see docs/unique.md.');
  if (typeof unique === 'object' && unique.for !== undefined) seconds('unique.for', unique.for);
  for (const name of Object.keys(backoff ?? {})) {
    if (!['first', 'factor', 'max', 'jitter'].includes(name))
      refuse(`backoff.${name}`, backoff, 'A backoff has first, factor, max and jitter.');
  }
  const { first, factor, max, jitter } = backoff ?? {};
  return {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && {
      priority: within('priority', priority, -MOST_PRIORITY, MOST_PRIORITY, true),
    }),
    ...(retries !== undefined && { retries: within('retries', retries, 0, MOST_RETRIES, true) }),
    ...(timeoutSeconds !== undefined && { timeout: timeoutSeconds }),
    ...(unique !== undefined && { unique }),
    ...(backoff !== undefined && {
      backoff: {
        ...(first !== undefined && { first: seconds('backoff.first', first) }),
        ...(factor !== undefined && { factor: within('backoff.factor', factor, 1, 1000, false) }),
        ...(max !== undefined && { max: seconds('backoff.max', max) }),
        ...(jitter !== undefined && { jitter: within('backoff.jitter', jitter, 0, 1, false) }),
      },
    }),
  };
}

/** What an enqueue says, with what its type says where it says nothing. */
export function withDefaults<Asked extends object>(
  asked: Asked,
  defaults: PublishedDefaults | undefined,
): Asked {
  if (defaults === undefined) return asked;
  const { backoff: _, ...rest } = defaults;
  const said = Object.entries(asked).filter(([, value]) => value !== undefined && value !== null);
  return { ...asked, ...rest, ...Object.fromEntries(said) };
}
