import { WORKER_TTL } from '../constants.ts';
import { PulpError } from '../errors.ts';

/**
 * After how many seconds without a sign of life a worker counts as missing: `PULP_WORKER_TTL`, else `WORKER_TTL`.
 *
 * @throws PulpError INVALID_INPUT if the variable is no number above 0
 */
export function workerTtl(): number {
  const chosen = process.env['PULP_WORKER_TTL'];
  if (chosen === undefined || chosen === '') return WORKER_TTL;
  const seconds = Number(chosen);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new PulpError('INVALID_INPUT', `PULP_WORKER_TTL: ${JSON.stringify(chosen)} is no number of seconds`, {
    remedy: 'Set it to a number above 0, or to nothing for 30.',
    exitCode: 2,
  });
}

/** How often a worker gives a sign of life, in milliseconds: six times in the TTL. */
export function heartbeatIntervalMs(): number {
  return (workerTtl() * 1000) / 6;
}

/**
 * After how many milliseconds without a confirmed sign of life a worker gives itself up: before the watcher does, so that
 * its runs have ended when their resources are handed on.
 */
export function selfFenceMs(): number {
  return workerTtl() * 1000 * 0.8;
}
