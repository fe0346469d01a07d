import { setTimeout as pause } from 'node:timers/promises';
import { isConnectionFailure, isContention, toPulpError } from './sql-error.ts';

/** Pauses before the tries after the first, in milliseconds: about three seconds in all. */
const PAUSES_MS = [50, 200, 800, 2000];

/**
 * Runs a step that can be repeated without harm, again where the connection failed or other transactions were in the way.
 * Its errors come in the words of this package.
 */
export async function retrying<T>(step: () => Promise<T>): Promise<T> {
  for (const ms of PAUSES_MS) {
    try {
      return await step();
    } catch (error) {
      if (!isConnectionFailure(error) && !isContention(error)) throw toPulpError(error);
      await pause(ms * (0.5 + Math.random())); // many callers fail at the same moment
    }
  }
  return step().catch((error: unknown) => {
    throw toPulpError(error);
  });
}
