import type { Logger } from 'pino';
import { sql } from 'slonik';
import { z } from 'zod';
import { WORKER_TTL } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';

const watchRow = z.object({
  missing: z.array(z.string()),
  resource_managers: z.number(),
  workers: z.number(),
});

/** After how many seconds without a sign of life a worker counts as missing: `PULP_WORKER_TTL`, else `WORKER_TTL`. */
export function workerTtl(): number {
  const chosen = Number(process.env['PULP_WORKER_TTL']);
  return Number.isFinite(chosen) && chosen > 0 ? chosen : WORKER_TTL;
}

/** How often a worker gives a sign of life, and the watcher looks, in milliseconds: six times in the TTL. */
export function heartbeatIntervalMs(): number {
  return (workerTtl() * 1000) / 6;
}

/**
 * Gives up workers that are gone: silent for longer than the TTL, or without their session (the seed's
 * `check_worker_processes`). Logs an error for each, and one if no worker is left.
 */
export async function checkWorkerProcesses(log: Logger): Promise<void> {
  const pool = await getConnection();
  const { missing, workers } = await retrying(() =>
    pool.one(sql.type(watchRow)`select * from pulp.check_worker_processes(${workerTtl()})`),
  );
  for (const worker of missing)
    log.error({ worker }, `worker ${worker} has gone missing; its tasks are recovered`);
  if (workers === 0) log.error('no worker is online: no task will run until one is started');
}

/** Marks a worker as gone and ends its runs; an error is logged unless it stopped by itself (the seed's `mark_worker_offline`). */
export async function markWorkerOffline(worker: string, log: Logger, normalShutdown = false): Promise<void> {
  const pool = await getConnection();
  const runs = await retrying(() =>
    pool.oneFirst(
      sql.type(
        z.object({ runs: z.number() }),
      )`select pulp.mark_worker_offline(${worker}, ${normalShutdown}) as runs`,
    ),
  );
  if (normalShutdown) log.info({ worker, runs }, `worker ${worker} has stopped`);
  else log.error({ worker, runs }, `worker ${worker} is missing; its tasks are recovered`);
}
