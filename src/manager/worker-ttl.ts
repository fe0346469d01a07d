import { WORKER_TTL } from '../constants.ts';

/** After how many seconds without a sign of life a worker counts as missing: `PULP_WORKER_TTL`, else `WORKER_TTL`. */
export function workerTtl(): number {
  const chosen = Number(process.env['PULP_WORKER_TTL']);
  return Number.isFinite(chosen) && chosen > 0 ? chosen : WORKER_TTL;
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
