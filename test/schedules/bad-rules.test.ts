import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RuleKind } from '../../src/constants.ts';
import { PulpError } from '../../src/errors.ts';
import { nextOccurrence } from '../../src/schedules/rule.ts';

const now = new Date('2027-01-01T00:00:00Z');
const ask = (kind: RuleKind, rule: string, timeZone = 'UTC') =>
  nextOccurrence({ kind, rule, timeZone, startsAt: now, until: null }, now);

suite('rules', () => {
  test('that cannot be read, or say what is not taken, are refused', () => {
    const bad: readonly (readonly [RuleKind, string])[] = [
      ...['', '0', '* * *', '* * * *', '* * * * * *', '* * * * * * *', 'no cron'].map(
        (rule) => ['cron', rule] as const,
      ),
      ...['H * * * *', '0 0 ? * *', '0 0 15W * *', '0 0 LW * *', '*/90 * * * *', '*/0 * * * *'].map(
        (rule) => ['cron', rule] as const,
      ),
      ...[
        '0 24 * * *',
        '0 22-2 * * *',
        '60 * * * *',
        '0 0 31 2 *',
        '0 0 * * 8',
        '@midnight',
        '@reboot',
        '@secondly',
      ].map((rule) => ['cron', rule] as const),
      ...['', 'FREQ=WAT', 'FREQ=SECONDLY', 'BYHOUR=2', 'FREQ=DAILY;BYHOUR=25', 'FREQ=DAILY;FOO=1'].map(
        (rule) => ['rrule', rule] as const,
      ),
      ...['FREQ=DAILY;INTERVAL=0', 'FREQ=DAILY;COUNT=10001', 'FREQ=DAILY;UNTIL=20300101T000000Z'].map(
        (rule) => ['rrule', rule] as const,
      ),
      ...[
        'FREQ=DAILY;FREQ=DAILY',
        'DTSTART:20270101T000000Z',
        'FREQ=DAILY;BYHOUR=1\nEXDATE:20270101T000000Z',
      ].map((rule) => ['rrule', rule] as const),
      ['rrule', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'],
      ...['0', '999', '-1000', 'NaN', '1e300', '1000.5'].map((rule) => ['every', rule] as const),
    ];
    for (const [kind, rule] of bad) {
      assert.throws(
        () => ask(kind, rule),
        (error) =>
          error instanceof PulpError &&
          error.code === 'BAD_SCHEDULE' &&
          error.exitCode === 2 &&
          error.remedy !== '',
        `${kind} ${JSON.stringify(rule)}`,
      );
    }
    for (const zone of ['', 'Nowhere/City', 'Europe/Berlin; drop']) {
      assert.throws(() => ask('cron', '0 0 * * *', zone), /there is no time zone/, zone);
    }
  });

  test('of all kinds are taken', () => {
    for (const [kind, rule, next] of [
      ['cron', '@daily', '2027-01-02T00:00:00.000Z'],
      ['cron', '  0 0 * * MON-FRI ', '2027-01-04T00:00:00.000Z'],
      ['cron', '0 0 * * 7', '2027-01-03T00:00:00.000Z'],
      ['cron', '0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
      ['cron', '0 0 L * *', '2027-01-31T00:00:00.000Z'],
      ['cron', '30 2 13 * 5', '2027-01-01T02:30:00.000Z'],
      ['cron', '5/20 * * * *', '2027-01-01T00:05:00.000Z'],
      ['rrule', 'RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0', '2027-01-29T18:00:00.000Z'],
      ['rrule', 'freq=daily;count=2', '2027-01-02T00:00:00.000Z'],
      ['every', '1000', '2027-01-01T00:00:01.000Z'],
    ] as const) {
      assert.equal(ask(kind, rule)?.toISOString(), next, rule);
    }
  });

  test('with a COUNT end after so many', () => {
    const rule = {
      kind: 'rrule' as const,
      rule: 'FREQ=HOURLY;COUNT=10000',
      timeZone: 'UTC',
      startsAt: now,
      until: null,
    };
    let count = 1; // the beginning is one
    for (let next = nextOccurrence(rule, now); next !== undefined; next = nextOccurrence(rule, next))
      count += 1;
    assert.equal(count, 10_000);
  });
});
