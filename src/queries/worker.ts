import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { WORKER_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { asOf } from './time-travel.ts';

/** A row that `listWorkers` gives. */
export const workerRow = z.object({
  name: z.string(),
  state: z.enum(WORKER_STATES),
  host: z.string(),
  pid: z.number(),
  queues: z.array(z.string()),
  concurrency: z.number(),
  task_types: z.array(z.string()),
  /** What it has in which version, and the release of its code; null: it does not say. */
  versions: z.record(z.string(), z.string()).nullable(),
  release: z.string().nullable(),
  running: z.number(),
  online_at: z.date(),
  last_heartbeat: z.date(),
  heartbeat_age: z.number(),
  finish_rate: z.number().nullable(),
  leads: z.boolean(),
  missing: z.boolean(),
  gracefully_stopped: z.boolean(),
  /** Why it takes no tasks at present; null: it does. */
  unable: z.string().nullable(),
  /** Why it was told to finish what it runs and end (empty: no reason was given); null: it was not. */
  draining: z.string().nullable(),
  /** Its runs that go on though their processes were killed. */
  stuck: z
    .array(
      z.object({ task: z.string(), processes: z.array(z.object({ pid: z.number(), state: z.string() })) }),
    )
    .nullable(),
});

/**
 * A worker as `pulp.worker` shows it, with its running tasks, the age of its last heartbeat in seconds, the tasks that it
 * finished a second before that, and whether it leads as resource manager.
 */
export type Worker = z.infer<typeof workerRow>;

/** All workers, those online first, as they are, or as they were at a time of the past. */
export async function listWorkers(at?: Date): Promise<readonly Worker[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(workerRow)`
    select name, state, host, pid, queues, concurrency, task_types, versions, release, online_at, last_heartbeat, finish_rate,
      missing, gracefully_stopped, unable, draining, stuck, coalesce(r.running, 0)::integer as running,
      extract(epoch from ${at === undefined ? sql.fragment`clock_timestamp()` : asOf(at)} - last_heartbeat)::double precision as heartbeat_age,
      ${at === undefined ? leads() : ledAt(at)} as leads
    from ${at === undefined ? sql.fragment`pulp.worker` : sql.fragment`pulp.worker_at(${asOf(at)})`} w
    left join (${at === undefined ? running() : runningAt(at)}) r on r.worker = w.name
    order by state <> 'online', name`),
  );
}

/** Of each worker that runs any tasks, the one that started last. */
export async function readLatestRuns(): Promise<ReadonlyMap<string, string>> {
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ worker: z.string(), task: z.string() }))`
      select distinct on (r.worker) r.worker, t.id as task
      from pulp.running r join pulp.task t on t.id = r.task_id
      order by r.worker, t.started_at desc`),
  );
  return new Map(rows.map(({ worker, task }) => [worker, task]));
}

const leads = () => sql.fragment`
  exists (select from pulp.leader l where l.worker = w.name and l.backend_pid = pulp.leader_session())`;

const running = () => sql.fragment`select worker, count(*) as running from pulp.running group by worker`;

/** Who was elected last by then, and was online: who held the lock, the log does not say. */
function ledAt(at: Date): FragmentSqlToken {
  return sql.fragment`coalesce(w.state = 'online' and w.name = (
    select e.data ->> 'worker' from pulp.event e
    where e.stream_kind = 'system' and e.stream_id = 'resource-manager' and e.type = 'LeaderElected' and e.recorded_at <= ${asOf(at)}
    order by e.version desc limit 1), false)`;
}

/** Only what has started some time and was not over by then can have been in hand. */
function runningAt(at: Date): FragmentSqlToken {
  return sql.fragment`
    select past.worker, count(*) as running
    from pulp.task known cross join lateral pulp.task_at(${asOf(at)}, known.id) past
    where known.enqueued_at <= ${asOf(at)} and known.attempt > 0
      and (known.finished_at is null or known.finished_at > ${asOf(at)})
      and past.state in ('running', 'canceling')
    group by past.worker`;
}
