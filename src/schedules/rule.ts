import type { RuleKind } from '../constants.ts';
import { badRule } from './bad-rule.ts';
import { cronTimes } from './cron-line.ts';
import { nextLocal } from './local-occurrences.ts';
import { recurrenceTimes } from './recurrence-rule.ts';
import { TimeZone } from './time-zone.ts';

/** When something is to happen again and again. */
export interface ScheduleRule {
  readonly kind: RuleKind;
  /** A line of cron, a recurrence rule, or for every the milliseconds between. */
  readonly rule: string;
  /** A name of the IANA database. */
  readonly timeZone: string;
  /** Where the intervals are counted from, and what a recurrence rule begins with. Nothing happens before it. */
  readonly startsAt: Date;
  /** Nothing happens after it; null: there is no end. */
  readonly until: Date | null;
}

/** The least time between two occurrences of `every`, in milliseconds. */
const LEAST_EVERY_MS = 1000;

/** Whatever lies further ahead, in milliseconds, does not count. */
const HORIZON_MS = 100 * 366 * 86_400_000;

/** How many rules, and answers to what comes next, are kept at hand. */
const MOST_KNOWN = 10_000;

const rules = new Map<string, (after: number) => number | undefined>();
const zones = new Map<string, TimeZone>();

/**
 * The first occurrence of a rule after a moment; undefined: there is none any more. All that asks for occurrences asks here, forward, from the
 * last one that is recorded.
 *
 * @throws PulpError BAD_SCHEDULE
 */
export function nextOccurrence(rule: ScheduleRule, after: Date): Date | undefined {
  const next = timesOf(rule)(Math.max(after.getTime(), rule.startsAt.getTime() - 1));
  if (next === undefined || next > (rule.until ?? { getTime: () => after.getTime() + HORIZON_MS }).getTime())
    return undefined;
  return new Date(next);
}

/** The first so many occurrences of a rule after a moment. @throws PulpError BAD_SCHEDULE */
export function occurrences(rule: ScheduleRule, after: Date, count: number): Date[] {
  const found: Date[] = [];
  for (
    let next = nextOccurrence(rule, after);
    next !== undefined && found.length < count;
    next = nextOccurrence(rule, next)
  )
    found.push(next);
  return found;
}

function timesOf(rule: ScheduleRule): (after: number) => number | undefined {
  const key = JSON.stringify([
    rule.kind,
    rule.rule,
    rule.timeZone,
    rule.kind === 'cron' || rule.startsAt.getTime(),
  ]);
  return remembered(rules, key, () => remembering(compile(rule)));
}

function compile({ kind, rule, timeZone, startsAt }: ScheduleRule): (after: number) => number | undefined {
  const start = startsAt.getTime();
  const zone = remembered(zones, timeZone, () => new TimeZone(timeZone));
  if (kind === 'every') {
    const interval = checkedInterval(Number(rule));
    return (after) => start + Math.max(0, Math.floor((after - start) / interval) + 1) * interval;
  }
  const times = kind === 'cron' ? cronTimes(rule) : recurrenceTimes(rule, start + zone.offset(start));
  return (after) => nextLocal(times, zone, after);
}

function checkedInterval(interval: number): number {
  if (Number.isSafeInteger(interval) && interval >= LEAST_EVERY_MS && interval <= HORIZON_MS) return interval;
  throw badRule(
    `every: ${interval} ms is not between a second and a century, in whole milliseconds`,
    'Give a length such as 30s, 10m or 6h.',
  );
}

/** Many schedules come at the same moments: what follows one is worked out once. */
function remembering(next: (after: number) => number | undefined): (after: number) => number | undefined {
  let known: readonly [after: number, next: number | undefined] | undefined;
  return (after) => {
    if (known?.[0] !== after) known = [after, next(after)];
    return known[1];
  };
}

function remembered<Value>(all: Map<string, Value>, key: string, make: () => Value): Value {
  let value = all.get(key);
  if (value === undefined) {
    value = make();
    if (all.size >= MOST_KNOWN) all.clear();
    all.set(key, value);
  }
  return value;
}
