import { setTimeout as pause } from 'node:timers/promises';
import { PulpError } from '../errors.ts';
import {
  isConnectionFailure,
  isRetryable,
  reasonOf,
  sqlFailure,
  toPulpError,
  wasNeverAsked,
} from './sql-error.ts';

/** Pauses before the tries after the first, in milliseconds: about three seconds in all. */
const PAUSES_MS = [50, 200, 800, 2000];

/** After how long there is no third try, in milliseconds: where a try takes long, the network gives no answers at all. */
const PATIENCE_MS = 10_000;

/** SQLSTATE of a server that answers, but is not the primary. */
const READ_ONLY = '25006';

/**
 * Runs a step, again where that may help: see `isRetryable`. Its errors come in the words of this package.
 *
 * @param isRepeatable whether it does no harm if it is done twice; else it is tried again only as long as it cannot have been done
 */
export async function retrying<T>(
  step: () => Promise<T>,
  { isRepeatable = true }: { readonly isRepeatable?: boolean } = {},
): Promise<T> {
  const startedAt = performance.now();
  let mayBeDone = false;
  for (let tries = 1; ; tries++) {
    try {
      return await step();
    } catch (error) {
      const lost = isConnectionFailure(error);
      mayBeDone ||= lost && !wasNeverAsked(error) && sqlFailure(error)?.code !== READ_ONLY;
      const ms = PAUSES_MS[tries - 1];
      const late = tries > 1 && performance.now() - startedAt > PATIENCE_MS;
      if (ms === undefined || late || !isRetryable(error) || (mayBeDone && !isRepeatable)) {
        throw lost && mayBeDone ? lostForGood(error) : toPulpError(error);
      }
      await pause(ms * (0.5 + Math.random())); // many callers fail at the same moment
    }
  }
}

/** The last that was heard of the server is a question without its answer. */
function lostForGood(cause: unknown): PulpError {
  return new PulpError(
    'DATABASE_UNREACHABLE',
    `lost the database before its answer came: ${reasonOf(cause)}`,
    {
      remedy: 'Check that the server is up. It may have done what it was asked: look before you ask again.',
      cause,
    },
  );
}
