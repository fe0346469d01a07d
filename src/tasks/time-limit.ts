import { PulpError } from '../errors.ts';
import { LONGEST_TIMER_MS } from '../timer.ts';

/** How long to wait at most, and what ends the wait before. */
export interface WaitOptions {
  /** Milliseconds; then PulpError WAIT_TIMEOUT. */
  readonly timeout?: number | undefined;
  /** When it is aborted, the wait rejects with its reason; what is waited for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for something, but not longer than the options say.
 *
 * @param late what to say when the time is up
 * @throws PulpError WAIT_TIMEOUT; INVALID_INPUT if the timeout is not a number from 0 on; the reason of the signal
 */
export async function withinTime<T>(
  { timeout, signal }: WaitOptions,
  late: { readonly message: string; readonly remedy: string },
  wait: (end: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeout !== undefined && !(timeout >= 0)) {
    throw new PulpError('INVALID_INPUT', `timeout: ${String(timeout)} is not a number of milliseconds`, {
      remedy: 'Give a number from 0 on, or leave it out to wait without end.',
      exitCode: 2,
    });
  }
  const limit = timeout === undefined ? undefined : AbortSignal.timeout(Math.min(timeout, LONGEST_TIMER_MS));
  try {
    return await wait(AbortSignal.any([signal, limit].filter((x) => x !== undefined)));
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'TimeoutError') throw error;
    throw new PulpError('WAIT_TIMEOUT', late.message, { remedy: late.remedy, cause: error });
  }
}
