import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { standardLog, type Log } from '../log.ts';
import { workerTtl } from './worker-ttl.ts';

const watchRow = z.object({
  missing: z.array(z.string()),
  resource_managers: z.number(),
  workers: z.number(),
  led: z.boolean(),
});

/**
 * Gives up workers that are gone: silent for longer than the TTL, or without their session (the seed's
 * `check_worker_processes`). Logs an error for each, one if there is no resource manager and nobody stands in for it, and
 * one if there is no worker.
 * The resource manager that leads does the same every second.
 *
 * @returns the names of those that were given up
 */
export async function checkWorkerProcesses(log: Log = standardLog()): Promise<readonly string[]> {
  const pool = await getConnection();
  const seen = await retrying(() =>
    pool.one(sql.type(watchRow)`select * from pulp.check_worker_processes(${workerTtl()})`),
  );
  for (const worker of seen.missing) {
    log.error({ worker }, `worker ${worker} has gone missing; its tasks are recovered`);
  }
  if (seen.resource_managers === 0 && !seen.led) {
    log.error({}, 'no resource manager is online: no task with resources will run until a worker is started');
  }
  if (seen.workers === 0) log.error({}, 'no worker is online: no task will run until one is started');
  return seen.missing;
}

/**
 * Takes note of a sign of life of a worker that has no session here, such as a process that another system watches: one
 * that is not online comes online by it (the seed's `handle_worker_heartbeat`). Workers of this package beat by themselves.
 *
 * @throws PulpError INVALID_INPUT if no worker can have such a name
 */
export async function handleWorkerHeartbeat(worker: string, log: Log = standardLog()): Promise<void> {
  const isNew = await signOfLife(worker);
  log.info({ worker }, isNew ? `worker ${worker} is online` : `a sign of life of worker ${worker}`);
}

/** Marks a worker that has no session here as online (the seed's `mark_worker_online`); see `handleWorkerHeartbeat`. */
export async function markWorkerOnline(worker: string): Promise<void> {
  await signOfLife(worker);
}

/** A worker went offline by itself: ends what it left behind (the seed's `handle_worker_offline`). */
export async function handleWorkerOffline(worker: string, log: Log = standardLog()): Promise<void> {
  log.info({ worker }, `worker ${worker} goes offline`);
  await markWorkerOffline(worker, true, log);
}

/**
 * Marks a worker as gone, lets go of its reservations and ends its runs as their task types say: cancelled, if they say
 * nothing (the seed's `mark_worker_offline`). An error is logged unless it stopped by itself. One that is not online is
 * left alone.
 *
 * @param normalShutdown whether it stopped by itself; else it is missing, and what is left of its session is ended
 * @throws PulpError INVALID_INPUT if no worker can have such a name
 */
export async function markWorkerOffline(
  worker: string,
  normalShutdown = false,
  log: Log = standardLog(),
): Promise<void> {
  const pool = await getConnection();
  const { runs, before } = await retrying(() =>
    pool.one(
      sql.type(z.object({ runs: z.number(), before: z.string().nullable() }))`
        select pulp.mark_worker_offline(${worker}, ${normalShutdown}) as runs,
          (select w.state from pulp.worker w where w.name = ${worker}) as before`,
    ),
  );
  if (!normalShutdown && before === 'online')
    log.error({ worker, runs }, `worker ${worker} is missing; its tasks are recovered`);
}

async function signOfLife(worker: string): Promise<boolean> {
  const pool = await getConnection();
  return retrying(() =>
    pool.oneFirst(
      sql.type(z.object({ online: z.boolean() }))`select pulp.mark_worker_online(${worker}) as online`,
    ),
  );
}
