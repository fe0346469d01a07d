import { RRuleTemporal } from 'rrule-temporal';
import { badRule } from './bad-rule.ts';
import type { OnClockChange, WallClockTimes } from './wall-clock-times.ts';

const REMEDY =
  "Give one rule of RFC 5545, such as 'FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=2;BYMINUTE=30'. Its beginning is --start, its end --until.";

/** The parser goes no further, and would end without a word. */
const MOST_COUNT = 10_000;

/** What each part may be; the parser drops without a word what it does not know. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY)$/,
  INTERVAL: /^[1-9]\d{0,5}$/,
  COUNT: /^[1-9]\d*$/,
  BYMINUTE: list('[0-5]?\\d'),
  BYHOUR: list('[01]?\\d|2[0-3]'),
  BYDAY: list('([+-]?[1-9]\\d?)?(MO|TU|WE|TH|FR|SA|SU)'),
  BYMONTHDAY: list('[+-]?([1-9]|[12]\\d|3[01])'),
  BYYEARDAY: list('[+-]?[1-9]\\d{0,2}'),
  BYWEEKNO: list('[+-]?[1-9]\\d?'),
  BYMONTH: list('[1-9]|1[0-2]'),
  BYSETPOS: list('[+-]?[1-9]\\d{0,2}'),
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
};

/**
 * Reads a recurrence rule of RFC 5545.
 *
 * @param start the local time at which it begins; what the rule does not say is taken from it
 * @throws PulpError BAD_SCHEDULE
 */
export function recurrenceTimes(text: string, start: number): WallClockTimes {
  const parts = readParts(text);
  if (Number(parts.get('COUNT') ?? 0) > MOST_COUNT) {
    throw badRule(`rrule: COUNT is above ${MOST_COUNT}`, `Give at most ${MOST_COUNT}, or an end by --until.`);
  }
  // It knows whole seconds; one that lay before the start would be counted, and left out.
  const dtstart = new Date(Math.ceil(start / 1000) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
  const written = Array.from(parts, ([key, value]) => `${key}=${value}`).join(';');
  const rule = parse(`DTSTART:${dtstart}\nRRULE:${written}`, text);
  return {
    onClockChange: onClockChange(parts),
    next: (after) => {
      try {
        return rule.next(new Date(after), false)?.epochMilliseconds;
      } catch (error) {
        throw badRule(`rrule: ${JSON.stringify(text)} does not come in sight`, REMEDY, error);
      }
    },
  };
}

function readParts(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .replace(/;$/, '')
    .split(';')) {
    const [key = '', value = ''] = part.split('=');
    if (!Object.hasOwn(PARTS, key) || parts.has(key) || PARTS[key]?.test(value) !== true) {
      throw badRule(`rrule: ${JSON.stringify(part)} is not taken`, REMEDY);
    }
    parts.set(key, value);
  }
  if (!parts.has('FREQ')) throw badRule('rrule: it has no FREQ', REMEDY);
  return parts;
}

function onClockChange(parts: ReadonlyMap<string, string>): OnClockChange {
  const frequency = parts.get('FREQ');
  const isEachHour = !parts.has('BYHOUR') && (parts.get('INTERVAL') ?? '1') === '1';
  if (frequency === 'MINUTELY') return parts.has('BYHOUR') ? 'each' : 'elapsing';
  if (frequency === 'HOURLY' && isEachHour) return 'elapsing';
  return parts.get('BYMINUTE')?.includes(',') === true ? 'each' : 'once';
}

function parse(text: string, shown: string): RRuleTemporal {
  try {
    return new RRuleTemporal({ rruleString: text, tzid: 'UTC' });
  } catch (error) {
    throw badRule(
      `rrule: ${JSON.stringify(shown)}: ${error instanceof Error ? error.message : String(error)}`,
      REMEDY,
      error,
    );
  }
}

function list(value: string): RegExp {
  return new RegExp(`^(${value})(,(${value}))*$`);
}
