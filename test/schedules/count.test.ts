import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextOccurrence } from '../../src/schedules/rule.ts';

test('a rule with a count comes that often, at whatever part of a second it starts', () => {
  for (const start of ['2027-01-01T10:00:00.000Z', '2027-01-01T10:00:00.001Z', '2027-01-01T10:00:00.999Z']) {
    const startsAt = new Date(start);
    const rule = {
      kind: 'rrule',
      rule: 'FREQ=DAILY;COUNT=3',
      timeZone: 'UTC',
      startsAt,
      until: null,
    } as const;
    const times: Date[] = [];
    for (let after: Date | undefined = startsAt; after !== undefined;) {
      after = nextOccurrence(rule, times.at(-1) ?? new Date(startsAt.getTime() - 1));
      if (after !== undefined) times.push(after);
    }
    assert.equal(times.length, 3, start);
    assert((times[0]?.getTime() ?? 0) >= startsAt.getTime());
  }
});
