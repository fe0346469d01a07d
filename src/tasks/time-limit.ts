import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { LONGEST_TIMER_MS } from '../timer.ts';

/** How long to wait at most, and what ends the wait before. */
export interface WaitOptions {
  /** A text such as `30s`, as wherever a length of time is said, or milliseconds; then PulpError WAIT_TIMEOUT. */
  readonly timeout?: number | string | undefined;
  /** When it is aborted, the wait rejects with its reason; what is waited for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for something, but not longer than the options say.
 *
 * @param late what to say when the time is up
 * @throws PulpError WAIT_TIMEOUT; INVALID_INPUT if the timeout is not a length of time; the reason of the signal
 */
export async function withinTime<T>(
  { timeout, signal }: WaitOptions,
  late: { readonly message: string; readonly remedy: string },
  wait: (end: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = timeout === undefined ? undefined : AbortSignal.timeout(limitMs(timeout));
  try {
    return await wait(AbortSignal.any([signal, limit].filter((x) => x !== undefined)));
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'TimeoutError') throw error;
    throw new PulpError('WAIT_TIMEOUT', late.message, { remedy: late.remedy, cause: error });
  }
}

function limitMs(timeout: number | string): number {
  const ms = typeof timeout === 'string' ? parseDuration(timeout, 'timeout') : timeout;
  if (ms >= 0) return Math.min(ms, LONGEST_TIMER_MS);
  throw new PulpError('INVALID_INPUT', `timeout: ${ms} is not a number of milliseconds`, {
    remedy: 'Give a text such as 30s, or a number from 0 on, or leave it out to wait without end.',
    exitCode: 2,
  });
}
