import { PulpError } from '../errors.ts';
import { parseDuration } from '../duration.ts';
import { isRecordable } from '../recordable-time.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * A moment that has passed, from a time in ISO 8601 with its offset, a date (its beginning in UTC), or a length of time
 * before now.
 *
 * @param what names the value in the error
 * @throws PulpError INVALID_INPUT if it cannot be read
 */
export function parseMoment(text: string, what: string): Date {
  if (/^\d[\d.]*(ms|s|m|h|d|w)$/.test(text)) return new Date(Date.now() - parseDuration(text, what));
  const moment = new Date(text);
  if ((!DATE.test(text) && !TIME.test(text)) || !isRecordable(moment)) {
    throw new PulpError('INVALID_INPUT', `${what}: ${JSON.stringify(text)} is not a time`, {
      remedy: 'Give one such as 2030-01-31T12:00:00Z, 2030-01-31, or 1h, 2d, 1w for so long ago.',
      exitCode: 2,
    });
  }
  return moment;
}
