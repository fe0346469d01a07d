import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { RuleKind } from '../../src/constants.ts';
import { nextOccurrence, occurrences, type ScheduleRule } from '../../src/schedules/rule.ts';
import { connect, databaseUrl } from '../support/database.ts';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 1440 * MINUTE;

/** Zones with odd rules, and the ten years in which they are looked at. */
const ZONES: readonly (readonly [zone: string, from: string])[] = [
  ['Europe/Berlin', '2026-01-01'],
  ['Australia/Lord_Howe', '2026-01-01'], // half an hour
  ['Pacific/Chatham', '2026-01-01'], // a quarter past
  ['Antarctica/Troll', '2026-01-01'], // two hours
  ['Africa/Casablanca', '2016-01-01'], // around Ramadan; what comes after 2026, databases of time zones do not agree upon
  ['America/Sao_Paulo', '2010-01-01'], // at midnight
  ['Pacific/Apia', '2008-01-01'], // a day that never was
];

/** What a calendar and a clock on the wall show. */
interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly day: number;
  readonly weekday: number;
}

function clockAt(local: number): Clock {
  const time = new Date(local);
  return {
    hour: time.getUTCHours(),
    minute: time.getUTCMinutes(),
    day: time.getUTCDate(),
    weekday: time.getUTCDay(),
  };
}

/** What a rule says, as a question to local time. */
interface Said {
  readonly kind: RuleKind;
  readonly rule: string;
  readonly matches: (local: Clock) => boolean;
  readonly onClockChange: 'once' | 'each' | 'elapsing';
}

const isAt = (local: Clock, hours: readonly number[] | undefined, minutes: readonly number[]) =>
  (hours?.includes(local.hour) ?? true) && minutes.includes(local.minute);

const RULES: readonly Said[] = [
  { kind: 'cron', rule: '30 2 * * *', onClockChange: 'once', matches: (t) => isAt(t, [2], [30]) },
  { kind: 'cron', rule: '45 1 * * *', onClockChange: 'once', matches: (t) => isAt(t, [1], [45]) },
  { kind: 'cron', rule: '0 0 * * *', onClockChange: 'once', matches: (t) => isAt(t, [0], [0]) },
  {
    kind: 'cron',
    rule: '15 23 * * 6',
    onClockChange: 'once',
    matches: (t) => isAt(t, [23], [15]) && t.weekday === 6,
  },
  { kind: 'cron', rule: '0 1-4 * * *', onClockChange: 'once', matches: (t) => isAt(t, [1, 2, 3, 4], [0]) },
  { kind: 'cron', rule: '15 2,3 * * *', onClockChange: 'once', matches: (t) => isAt(t, [2, 3], [15]) },
  {
    kind: 'cron',
    rule: '30 */2 * * *',
    onClockChange: 'once',
    matches: (t) => t.hour % 2 === 0 && isAt(t, undefined, [30]),
  },
  {
    kind: 'cron',
    rule: '*/15 0-3 * * *',
    onClockChange: 'each',
    matches: (t) => isAt(t, [0, 1, 2, 3], [0, 15, 30, 45]),
  },
  {
    kind: 'cron',
    rule: '0,30 2 1-7 * *',
    onClockChange: 'each',
    matches: (t) => isAt(t, [2], [0, 30]) && t.day <= 7,
  },
  {
    kind: 'cron',
    rule: '*/30 * * * *',
    onClockChange: 'elapsing',
    matches: (t) => isAt(t, undefined, [0, 30]),
  },
  { kind: 'cron', rule: '45 * * * *', onClockChange: 'elapsing', matches: (t) => isAt(t, undefined, [45]) },
  {
    kind: 'rrule',
    rule: 'FREQ=DAILY;BYHOUR=2;BYMINUTE=30',
    onClockChange: 'once',
    matches: (t) => isAt(t, [2], [30]),
  },
  {
    kind: 'rrule',
    rule: 'FREQ=HOURLY;BYMINUTE=15',
    onClockChange: 'elapsing',
    matches: (t) => isAt(t, undefined, [15]),
  },
  {
    kind: 'rrule',
    rule: 'FREQ=DAILY;BYHOUR=1,2;BYMINUTE=0,30',
    onClockChange: 'each',
    matches: (t) => isAt(t, [1, 2], [0, 30]),
  },
  {
    kind: 'rrule',
    rule: 'FREQ=WEEKLY;BYDAY=SU;BYHOUR=1;BYMINUTE=45',
    onClockChange: 'once',
    matches: (t) => isAt(t, [1], [45]) && t.weekday === 0,
  },
];

/**
 * What is to come, by brute force over every quarter of an hour and the time zones of Postgres. A local time comes first at the first moment at
 * which the clock shows it or a later one: that is the end of the gap for what was left out.
 */
function bruteForce({ moments, local, clocks }: Zone, said: Said): number[] {
  const found = new Set<number>();
  let latest = local[0] ?? NaN; // all local times up to it have come
  local.forEach((time, index) => {
    const moment = moments[index] ?? NaN;
    const clock = clocks[index] ?? clockAt(time);
    if (said.onClockChange !== 'once' && said.matches(clock)) found.add(moment);
    for (; latest < time; latest += QUARTER) {
      const next = latest + QUARTER === time ? clock : clockAt(latest + QUARTER);
      if (said.onClockChange !== 'elapsing' && said.matches(next)) found.add(moment);
    }
  });
  return [...found];
}

/** Every quarter of an hour of ten years, and what the clocks of a zone show then by the time zones of Postgres. */
interface Zone {
  readonly moments: readonly number[];
  readonly local: readonly number[];
  readonly clocks: readonly Clock[];
}

async function readZone(zone: string, from: string): Promise<Zone> {
  await using client = await connect(databaseUrl('postgres'));
  const { rows } = await client.query<{ moments: number[]; local: number[] }>(
    `select array_agg(extract(epoch from m)::float8 * 1000 order by m) as moments,
       array_agg(extract(epoch from m at time zone $1)::float8 * 1000 order by m) as local
     from generate_series($2::timestamptz, $2::timestamptz + interval '10 years', interval '15 min') m`,
    [zone, `${from}T00:00:00Z`],
  );
  const { moments = [], local = [] } = rows[0] ?? {};
  return { moments, local, clocks: local.map(clockAt) };
}

/** The spans that are compared: all of it, or what is around the changes of the clock where there is much. */
function spansOf(
  { moments, local }: Zone,
  isMuch: boolean,
): readonly (readonly [from: number, to: number])[] {
  const first = moments[0] ?? NaN;
  const last = moments.at(-1) ?? NaN;
  if (!isMuch) return [[first, last]];
  return moments.flatMap((moment, index) =>
    index > 0 && (local[index] ?? NaN) - (local[index - 1] ?? NaN) !== QUARTER
      ? [[Math.max(first, moment - 2 * DAY), Math.min(last, moment + 2 * DAY)] as const]
      : [],
  );
}

suite('what comes in local time', () => {
  for (const [zone, from] of ZONES) {
    test(`is the same as by brute force over ten years, and wherever one asks from: ${zone}`, async () => {
      const known = await readZone(zone, from);
      const first = known.moments[0] ?? NaN;
      const last = known.moments.at(-1) ?? NaN;
      for (const said of RULES) {
        const rule: ScheduleRule = {
          ...said,
          timeZone: zone,
          startsAt: new Date(first - 40 * DAY),
          until: new Date(last),
        };
        const expected = bruteForce(known, said);
        const spans = spansOf(known, expected.length > 15_000);
        assert.ok(spans.length > 0);
        for (const [after, until] of spans) {
          const found: number[] = [];
          let next = nextOccurrence(rule, new Date(after));
          for (; next !== undefined && next.getTime() <= until; next = nextOccurrence(rule, next))
            found.push(next.getTime());
          const wanted = expected.filter((moment) => moment > after && moment <= until);
          assert.equal(firstDifference(found, wanted), undefined, `${zone} ${said.rule}`);
        }
        fc.assert(
          fc.property(fc.integer({ min: first, max: last - 40 * DAY }), (after) => {
            assert.equal(
              nextOccurrence(rule, new Date(after))?.getTime(),
              expected.find((moment) => moment > after),
              `${zone} ${said.rule} after ${new Date(after).toISOString()}`,
            );
          }),
          { numRuns: 30 },
        );
      }
    });
  }

  test('follows the rule for what a change of the clock leaves out and repeats', () => {
    const between = (kind: RuleKind, rule: string, from: string, to: string) =>
      occurrences(
        {
          kind,
          rule,
          timeZone: 'Europe/Berlin',
          startsAt: new Date('2027-01-01T00:00:00Z'),
          until: new Date(to),
        },
        new Date(from),
        100,
      ).map((moment) => moment.toISOString().slice(11, 16));
    const spring = ['2027-03-28T00:00:00Z', '2027-03-28T02:30:00Z'] as const; // 02:00 to 03:00 is left out at 01:00Z
    const autumn = ['2027-10-30T23:30:00Z', '2027-10-31T02:00:00Z'] as const; // 02:00 to 03:00 is repeated at 01:00Z
    assert.deepEqual(between('cron', '30 2 * * *', ...spring), ['01:00']);
    assert.deepEqual(between('cron', '30 2 * * *', ...autumn), ['00:30']);
    assert.deepEqual(between('cron', '*/20 2 * * *', ...spring), ['01:00']);
    assert.deepEqual(between('cron', '*/20 2 * * *', ...autumn), [
      '00:00',
      '00:20',
      '00:40',
      '01:00',
      '01:20',
      '01:40',
    ]);
    assert.deepEqual(between('cron', '30 * * * *', ...spring), ['00:30', '01:30', '02:30']);
    assert.deepEqual(between('cron', '0 1-4 * * *', ...autumn), ['00:00', '02:00']);
    assert.deepEqual(between('rrule', 'FREQ=HOURLY;BYMINUTE=0', ...autumn), ['00:00', '01:00', '02:00']);
    assert.deepEqual(between('every', String(30 * MINUTE), ...autumn), [
      '00:00',
      '00:30',
      '01:00',
      '01:30',
      '02:00',
    ]);
  });
});

/** Where two lists of moments part. */
function firstDifference(found: readonly number[], expected: readonly number[]): string | undefined {
  for (let index = 0; index < Math.max(found.length, expected.length); index += 1) {
    const [one, other] = [found[index], expected[index]];
    if (one !== other) return `${text(one)}, and not ${text(other)}`;
  }
  return undefined;
}

function text(moment: number | undefined): string {
  return moment === undefined ? 'nothing' : new Date(moment).toISOString();
}
