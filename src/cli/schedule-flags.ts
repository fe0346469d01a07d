import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import type { ScheduleTimes } from '../tasks/scheduling.ts';
import { parseMoment } from './moment.ts';

/** When a schedule comes. */
export const timesFlags = {
  cron: Flags.string({
    helpValue: 'LINE',
    summary: "A line of cron, of five fields, such as '30 2 * * 1-5'.",
  }),
  rrule: Flags.string({
    helpValue: 'RULE',
    summary: "A recurrence rule of RFC 5545, such as 'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=2;BYMINUTE=0'.",
  }),
  every: Flags.string({ helpValue: '10m', summary: 'The time between, at least a second.' }),
  tz: Flags.string({
    helpValue: 'ZONE',
    summary: 'The time zone in whose local time --cron and --rrule are meant, such as Europe/Berlin.',
    default: 'UTC',
  }),
  start: Flags.string({
    helpValue: 'TIME',
    summary: 'Nothing comes before it; --every is counted from it. Default: now.',
  }),
  until: Flags.string({ helpValue: 'TIME', summary: 'Nothing comes after it.' }),
};

/** What these flags say. @throws PulpError INVALID_INPUT */
export function timesOf(flags: InferredFlags<typeof timesFlags>): ScheduleTimes {
  return {
    cron: flags.cron,
    rrule: flags.rrule,
    every: flags.every,
    timeZone: flags.tz,
    startsAt: flags.start === undefined ? undefined : parseMoment(flags.start, '--start'),
    until: flags.until === undefined ? undefined : parseMoment(flags.until, '--until'),
  };
}
