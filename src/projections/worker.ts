import { sql } from 'slonik';
import { z } from 'zod';
import { WORKER_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';

const workerRow = z.object({
  name: z.string(),
  state: z.enum(WORKER_STATES),
  host: z.string(),
  pid: z.number(),
  queues: z.array(z.string()),
  concurrency: z.number(),
  task_types: z.array(z.string()),
  running: z.number(),
  online_at: z.date(),
  last_heartbeat: z.date(),
  heartbeat_age: z.number(),
  finish_rate: z.number().nullable(),
  leads: z.boolean(),
  missing: z.boolean(),
  gracefully_stopped: z.boolean(),
});

/**
 * A worker as `pulp.worker` shows it, with its running tasks, the age of its last heartbeat in seconds, the tasks that it
 * finished a second before that, and whether it leads as resource manager.
 */
export type Worker = z.infer<typeof workerRow>;

/** All workers, those online first. */
export async function listWorkers(): Promise<readonly Worker[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(workerRow)`
      select name, state, host, pid, queues, concurrency, task_types, online_at, last_heartbeat, finish_rate,
        missing, gracefully_stopped, coalesce(r.running, 0)::integer as running,
        extract(epoch from clock_timestamp() - last_heartbeat)::double precision as heartbeat_age,
        exists (select from pulp.leader l where l.worker = w.name and l.backend_pid = pulp.leader_session()) as leads
      from pulp.worker w
      left join (select worker, count(*) as running from pulp.running group by worker) r on r.worker = w.name
      order by state <> 'online', name`),
  );
}
