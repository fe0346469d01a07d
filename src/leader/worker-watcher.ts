import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { standardLog, type Log } from '../log.ts';
import { SilenceObserver } from './silence-observer.ts';
import { leaseMs, workerTtl } from '../worker-ttl.ts';

const recoveredRuns = z.object({ worker: z.string(), type: z.string(), runs: z.number() });

const look = z.object({
  missing: z.array(z.string()),
  recovered: z.array(recoveredRuns),
  marks: z.record(z.string(), z.string()),
  resource_managers: z.number(),
  workers: z.number(),
  led: z.boolean(),
});

/** What an observer sees when it looks at the workers: see `pulp.check_worker_processes`. */
export type Look = Omit<z.infer<typeof look>, 'led'>;

/** How often to look while a worker may be silent, as a part of the TTL. */
const LOOKS_IN_TTL = 10;

/** What callers in this process have seen of the workers, so that each look builds on those before. */
const silence = new SilenceObserver();

/**
 * Declares workers missing that are silent, and recovers their runs (pulpcore's `check_worker_processes`). Logs an error for
 * each, one if there is no resource manager and nobody stands in for it, and one if there is no worker. The resource manager
 * that leads does the same every second.
 *
 * A clock may have stepped, so that the age of a heartbeat alone says nothing: where one is older than the TTL, this
 * watches for as long as it takes to know, which is the TTL at most, or less if this process has looked before.
 *
 * @returns the names of those that were declared missing
 */
export async function checkWorkerProcesses(log: Log = standardLog()): Promise<readonly string[]> {
  const missing: string[] = [];
  const deadline = performance.now() + 2 * leaseMs(); // one that somebody holds locked may stay as it is
  for (;;) {
    const seen = await lookAtWorkers();
    tellOfLosses(seen, log);
    missing.push(...seen.missing);
    if (performance.now() < deadline && (await staleWorkers()).length > 0) {
      await pause(leaseMs() / LOOKS_IN_TTL);
      continue;
    }
    if (seen.resource_managers === 0 && !seen.led) {
      log.error(
        {},
        'no resource manager is online: no task with resources will run until a worker is started',
      );
    }
    if (seen.workers === 0) log.error({}, 'no worker is online: no task will run until one is started');
    return missing;
  }
}

/** Says who was declared missing, and what became of the runs of workers that are over. */
export function tellOfLosses({ missing, recovered }: Look, log: Log): void {
  for (const worker of missing) {
    log.error({ missing: worker }, `worker ${worker} has gone missing: no heartbeat for ${workerTtl()} s`);
  }
  for (const { worker, type, runs } of recovered) {
    log.warn({ missing: worker, type, runs }, `${runs} runs of worker ${worker} were ended: ${type}`);
  }
}

async function lookAtWorkers(): Promise<z.infer<typeof look>> {
  const pool = await getConnection();
  const silent = JSON.stringify(silence.silentAt(performance.now()));
  const seen = await retrying(() =>
    pool.one(sql.type(look)`select * from pulp.check_worker_processes(${silent}::jsonb)`),
  );
  silence.observe(seen.marks, performance.now());
  return seen;
}

/** The workers that seem to be silent, by the age of their heartbeats. */
async function staleWorkers(): Promise<readonly string[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.anyFirst(sql.type(z.object({ name: z.string() }))`
      select w.name from pulp.worker w
      where w.state = 'online' and w.last_heartbeat < clock_timestamp() - ${workerTtl()} * interval '1 s'`),
  );
}

/**
 * Takes note of a sign of life of a worker that has no session here, such as a process that another system watches: one
 * that is not online comes online by it (pulpcore's `handle_worker_heartbeat`). Workers of this package beat by themselves.
 *
 * @throws PulpError INVALID_INPUT if no worker can have such a name
 */
export async function handleWorkerHeartbeat(worker: string, log: Log = standardLog()): Promise<void> {
  const isNew = await signOfLife(worker);
  log.info({ worker }, isNew ? `worker ${worker} is online` : `a sign of life of worker ${worker}`);
}

/** Marks a worker that has no session here as online (pulpcore's `mark_worker_online`); see `handleWorkerHeartbeat`. */
export async function markWorkerOnline(worker: string): Promise<void> {
  await signOfLife(worker);
}

/** A worker went offline by itself: ends what it left behind (pulpcore's `handle_worker_offline`). */
export async function handleWorkerOffline(worker: string, log: Log = standardLog()): Promise<void> {
  log.info({ worker }, `worker ${worker} goes offline`);
  await markWorkerOffline(worker, true, log);
}

/**
 * Marks a worker as gone, lets go of its reservations and ends its runs as their task types say: canceled, if they say
 * nothing (pulpcore's `mark_worker_offline`). An error is logged unless it stopped by itself. One that is not online is
 * left alone.
 *
 * @param normalShutdown whether it stopped by itself; else it is missing, and what is left of its session is ended
 * @throws PulpError INVALID_INPUT if no worker can have such a name; DATABASE_UNREACHABLE also where it may have been done
 */
export async function markWorkerOffline(
  worker: string,
  normalShutdown = false,
  log: Log = standardLog(),
): Promise<void> {
  const pool = await getConnection();
  const { runs, before } = await retrying(
    () =>
      pool.one(
        sql.type(z.object({ runs: z.number(), before: z.string().nullable() }))`
          select pulp.mark_worker_offline(${worker}, ${normalShutdown}) as runs,
            (select w.state from pulp.worker w where w.name = ${worker}) as before`,
      ),
    { isRepeatable: false }, // one of that name that came meanwhile would be ended
  );
  if (!normalShutdown && before === 'online')
    log.error(
      { worker, runs },
      `worker ${worker} is missing: it was marked so, and ${runs} runs of it were ended`,
    );
}

async function signOfLife(worker: string): Promise<boolean> {
  const pool = await getConnection();
  return retrying(() =>
    pool.oneFirst(
      sql.type(z.object({ online: z.boolean() }))`select pulp.mark_worker_online(${worker}) as online`,
    ),
  );
}
