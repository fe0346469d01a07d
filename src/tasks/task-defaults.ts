import { z } from 'zod';
import { NAME_PATTERN } from '../constants.ts';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { enqueueOptions, type EnqueueOptions, type TypeDefaultName } from './enqueue-options.ts';

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

/** What holds for the tasks of a type, unless who enqueues one says otherwise. */
export interface TaskDefaults extends Pick<EnqueueOptions, TypeDefaultName> {
  readonly backoff?: Backoff;
}

/** The same, checked, with lengths of time in seconds, as it is published. */
export interface PublishedDefaults extends Omit<TaskDefaults, 'timeout' | 'backoff'> {
  readonly timeout?: number;
  readonly backoff?: Readonly<Record<string, number>>;
}

/** The limits of the members of a backoff; those without are lengths of time. */
const BACKOFF = { first: undefined, factor: [1, 1000], max: undefined, jitter: [0, 1] } as const;

/**
 * Checks what a task type says of its tasks.
 *
 * @throws PulpError INVALID_INPUT if something is not allowed
 */
export function checkDefaults(task: string, given: TaskDefaults): PublishedDefaults {
  const refuse = (option: string, value: unknown, remedy: string) => {
    throw new PulpError(
      'INVALID_INPUT',
      `task type ${task}: ${option}: ${JSON.stringify(value) ?? typeof value} is not allowed`,
      { remedy, exitCode: 2 },
    );
  };
  const seconds = (option: string, value: number | string) =>
    parseDuration(String(value), `task type ${task}: ${option}`) / 1000;

  const published: Record<string, unknown> = {};
  for (const [name, { key, form, isTypeDefault }] of enqueueOptions) {
    const value = given[name as TypeDefaultName];
    if (isTypeDefault !== true || value === undefined) continue;
    const { error } = form.safeParse(value);
    if (error !== undefined) refuse(name, value, z.prettifyError(error));
    published[key] = value;
  }
  const { queue, timeout, unique, backoff } = given;
  if (queue !== undefined && !NAME_PATTERN.test(queue))
    refuse('queue', queue, 'Start with a letter; use at most 128 letters, digits and characters of _.:@-');
  if (timeout !== undefined && (published['timeout'] = seconds('timeout', timeout)) === 0)
    refuse('timeout', timeout, 'More than 0.');
  if (typeof unique === 'object' && unique.for !== undefined) seconds('unique.for', unique.for);
  if (backoff !== undefined) published['backoff'] = checkBackoff(backoff, refuse, seconds);
  return published;
}

function checkBackoff(
  backoff: Backoff,
  refuse: (option: string, value: unknown, remedy: string) => void,
  seconds: (option: string, value: number | string) => number,
): Readonly<Record<string, number>> {
  const published: Record<string, number> = {};
  for (const [name, value] of Object.entries(backoff) as [string, number | string | undefined][]) {
    if (!Object.hasOwn(BACKOFF, name))
      refuse(`backoff.${name}`, backoff, 'A backoff has first, factor, max and jitter.');
    if (value === undefined) continue;
    const limits = BACKOFF[name as keyof Backoff];
    if (limits === undefined) published[name] = seconds(`backoff.${name}`, value);
    else if (typeof value === 'number' && value >= limits[0] && value <= limits[1]) published[name] = value;
    else refuse(`backoff.${name}`, value, `A number from ${limits[0]} to ${limits[1]}.`);
  }
  return published;
}

/**
 * What an enqueue says, with what its type says where it says nothing. For what runs last of its group no other task can stand, whatever its
 * type says.
 */
export function withDefaults<Asked extends { readonly finally?: unknown }>(
  asked: Asked,
  defaults: PublishedDefaults | undefined,
): Asked {
  if (defaults === undefined) return asked;
  const isLast = asked.finally === true;
  const given = Object.entries(defaults).filter(
    ([name]) => name !== 'backoff' && !(isLast && name === 'unique'),
  );
  const said = Object.entries(asked).filter(([, value]) => value !== undefined && value !== null);
  return { ...asked, ...Object.fromEntries([...given, ...said]) };
}
