import { PulpError } from '../errors.ts';
import type { ResourceLimit } from '../queries/resource-limit.ts';
import type { Rate } from '../tasks/resource-limits.ts';
import { printableLine } from './printable.ts';
import { limitFacts } from './resource-text.ts';

const PERIOD_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  ...{ s: 1, sec: 1, second: 1 },
  ...{ m: 60, min: 60, minute: 60 },
  ...{ h: 3600, hour: 3600 },
  ...{ d: 86_400, day: 86_400 },
};

/** What lifts a limit. */
export const NO_LIMIT = 'none';

/** A rate such as `100/min`, `5/30s`; null for `none`. @throws PulpError INVALID_INPUT */
export function parseRate(text: string): Rate | null {
  if (text === NO_LIMIT) return null;
  const [, count, number, unit = ''] = /^(\d{1,9})\/(\d{0,9})([a-z]+)$/.exec(text) ?? [];
  const seconds = (number === '' ? 1 : Number(number)) * (PERIOD_SECONDS[unit] ?? Number.NaN);
  if (count === undefined || Number.isNaN(seconds)) {
    throw new PulpError('INVALID_INPUT', `${JSON.stringify(text)} is no rate`, {
      remedy: `Give a number and a time, such as 100/min, 10/s, 5/30s, 1000/h; or ${NO_LIMIT}.`,
      exitCode: 2,
    });
  }
  return { count: Number(count), seconds };
}

/** A number of units; null for `none`. @throws PulpError INVALID_INPUT */
export function parseCapacity(text: string): number | null {
  if (text === NO_LIMIT) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new PulpError('INVALID_INPUT', `${JSON.stringify(text)} is not a number of units`, {
    remedy: `Give a whole number from 1 on, or ${NO_LIMIT}.`,
    exitCode: 2,
  });
}

/** The limits of a resource in a sentence. */
export function limitText(limit: ResourceLimit): string {
  const { resource, since, actor, reason } = limit;
  const limits = Object.values(limitFacts(limit));
  const who = actor === null ? '' : ` by ${actor}`;
  const why = reason === null ? '' : `: ${reason.replace(/\.$/, '')}`;
  return printableLine(`${resource} has ${limits.join('; ')}; since ${since.toISOString()}${who}${why}.`);
}
