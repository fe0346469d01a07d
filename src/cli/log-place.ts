import { PulpError } from '../errors.ts';
import { parseMoment } from './moment.ts';

/** What a flag that takes a place in the log says. */
export const LOG_PLACE = 'POSITION|TIME|beginning|now';

/** A place in the log: a position as `pulp events` shows it, a time or how long ago, `beginning` or `now`. @throws PulpError INVALID_INPUT */
export function parseLogPlace(text: string, what: string): Date | string {
  if (text === 'now' || text === 'beginning' || /^(\d{1,15}:)?\d{1,18}:\d{1,18}$/.test(text)) return text;
  if (/^\d+(:|$)/.test(text)) {
    throw new PulpError('INVALID_INPUT', `${what}: ${JSON.stringify(text)} is no position`, {
      remedy: 'Give one as `pulp events` shows it, such as 1:81734:512990, or a time, beginning, or now.',
      exitCode: 2,
    });
  }
  return parseMoment(text, what);
}
