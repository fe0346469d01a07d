import { WORKER_TTL } from './constants.ts';
import { PulpError } from './errors.ts';

/**
 * For how many seconds from its last sign of life a worker holds its runs; without a new one it counts as missing then:
 * `PULP_WORKER_TTL`, else `WORKER_TTL`.
 *
 * @throws PulpError INVALID_INPUT if the variable is not a number above 0
 */
export function workerTtl(): number {
  const chosen = process.env['PULP_WORKER_TTL'];
  if (chosen === undefined || chosen === '') return WORKER_TTL;
  const seconds = Number(chosen);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new PulpError(
    'INVALID_INPUT',
    `PULP_WORKER_TTL: ${JSON.stringify(chosen)} is not a number of seconds`,
    {
      remedy: 'Set it to a number above 0, or to nothing for 30.',
      exitCode: 2,
    },
  );
}

/** The same in milliseconds: how long an observer has to see no sign of life before it declares a worker missing. */
export function leaseMs(): number {
  return workerTtl() * 1000;
}

/** How often a worker gives a sign of life, in milliseconds: six times in its lease. */
export function heartbeatIntervalMs(): number {
  return leaseMs() / 6;
}

/** How long after its last sign of life a worker ends its runs by itself, in milliseconds: its lease stands for a while yet. */
export function selfEndMs(): number {
  return leaseMs() * 0.8;
}

/** When its guardian does it for a worker that cannot, being stopped or blocked, in milliseconds: still before the lease is over. */
export function forcedEndMs(): number {
  return leaseMs() * 0.9;
}
