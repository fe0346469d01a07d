import { z } from 'zod';
import { TASK_STATES, WORKER_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import type { DemoRun } from './scenario.ts';

const taskNow = z.object({
  id: z.string(),
  /** Ordinal within the demonstration, from 1. */
  number: z.number(),
  name: z.string(),
  /** What it works on: a repository or a content unit. */
  subject: z.string(),
  state: z.enum(TASK_STATES),
  worker: z.string().nullable(),
  attempt: z.number(),
  /** How long its present run has taken, in seconds. */
  running_seconds: z.number().nullable(),
  /** In how many seconds it becomes due; not above 0: it is. */
  due_seconds: z.number().nullable(),
  /** Whether nothing but a free worker is wanting. */
  unblocked: z.boolean(),
  progress: z.object({ done: z.number(), total: z.number() }).nullable(),
});

const claimNow = z.object({
  task_id: z.string(),
  resource: z.string(),
  mode: z.enum(['exclusive', 'shared']),
  state: z.enum(['waiting', 'granted']),
  position: z.number(),
});

const workerNow = z.object({ name: z.string(), state: z.enum(WORKER_STATES), concurrency: z.number() });

const eventNow = z.object({
  task_id: z.string(),
  version: z.number(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** Seconds since the first task was enqueued. */
  seconds: z.number(),
});

const snapshotRow = z.object({
  /** Seconds since the first task was enqueued, by the database's clock. */
  seconds: z.number(),
  tasks: z.array(taskNow),
  /** All that are claimed by any of the tasks, also by those that have ended. */
  resources: z.array(z.string()),
  claims: z.array(claimNow),
  workers: z.array(workerNow),
  events: z.array(eventNow),
});

export type TaskNow = z.infer<typeof taskNow>;
export type ClaimNow = z.infer<typeof claimNow>;
export type EventNow = z.infer<typeof eventNow>;

/** What the tables say of a demonstration at one moment; `events` are those since the snapshot before. */
export type Snapshot = z.infer<typeof snapshotRow>;

/** Reads the tables of the engine, for the tasks and workers of one demonstration. */
export class Observer {
  readonly #run: DemoRun;
  /** How much of each task's stream has been read. Within a stream versions have no gaps and commit in order. */
  readonly #versions: Map<string, number>;

  constructor(run: DemoRun, taskIds: readonly string[]) {
    this.#run = run;
    this.#versions = new Map(taskIds.map((id) => [id, 0]));
  }

  /** One statement, so that everything in the snapshot is of the same moment. */
  async look(): Promise<Snapshot> {
    const pool = await getConnection();
    const snapshot = await retrying(() =>
      pool.one(sql.type(snapshotRow)`
        with seen as (
          select id, version, number
          from unnest(${sql.array([...this.#versions.keys()], 'uuid')}, ${sql.array([...this.#versions.values()], 'int4')})
            with ordinality as s (id, version, number)
        ),
        mine as materialized (select t.*, seen.number from seen join pulp.task t on t.id = seen.id),
        began as materialized (select min(enqueued_at) as at, clock_timestamp() as now from mine)
        select
          extract(epoch from began.now - began.at)::double precision as seconds,
          (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', t.id, 'number', t.number, 'name', t.name, 'state', t.state, 'worker', t.worker, 'attempt', t.attempt,
                'subject', coalesce(t.kwargs ->> 'repository', t.kwargs ->> 'unit'),
                'running_seconds', extract(epoch from coalesce(t.finished_at, began.now) - t.started_at)::double precision,
                'due_seconds', extract(epoch from nullif(t.run_after, 'infinity') - began.now)::double precision,
                'unblocked', t.unblocked_at is not null, 'progress', t.progress) order by t.number), '[]')
            from mine t
          ) as tasks,
          array(select distinct unnest(exclusive_resources || shared_resources) from mine order by 1) as resources,
          (
            select coalesce(jsonb_agg(jsonb_build_object('task_id', r.task_id, 'resource', r.resource, 'mode', r.mode,
                'state', r.state, 'position', r.position) order by r.position), '[]')
            from pulp.reservation r join mine on mine.id = r.task_id
          ) as claims,
          (
            select coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'state', w.state, 'concurrency', w.concurrency)), '[]')
            from pulp.worker w where w.name = any (${sql.array([...this.#run.workers], 'text')})
          ) as workers,
          (
            select coalesce(jsonb_agg(jsonb_build_object('task_id', e.stream_id, 'version', e.version, 'type', e.type,
                'data', e.data, 'seconds', extract(epoch from e.recorded_at - began.at)::double precision)
              order by e.position), '[]')
            from seen cross join lateral pulp.history(seen.id) e cross join began
            where e.version > seen.version
          ) as events
        from began`),
    );
    for (const event of snapshot.events) this.#versions.set(event.task_id, event.version);
    return snapshot;
  }
}
