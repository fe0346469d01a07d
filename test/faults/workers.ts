import type { Client } from 'pg';

/** The state of a worker. */
export async function workerState(client: Client, worker: string): Promise<string | undefined> {
  const { rows } = await client.query<{ state: string }>('select state from pulp.worker where name = $1', [
    worker,
  ]);
  return rows[0]?.state;
}

/** The workers that are online and have their session. */
export async function present(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select w.name from pulp.worker w join pulp.worker_sessions() s on s.worker = w.name where w.state = 'online'`,
  );
  return rows.map(({ name }) => name);
}

/** The worker whose process leads as resource manager; undefined while nobody does. */
export async function leader(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ worker: string }>(
    'select worker from pulp.leader where backend_pid = pulp.leader_session()',
  );
  return rows[0]?.worker;
}

/** Workers that were given up though their process was not among those that were killed, in words. */
export async function wronglyGivenUp(client: Client, killed: readonly number[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ wrong: string }>(
    `
    select format('worker %s, process %s, was given up, %s s after its birth', loss.stream_id, birth.data ->> 'pid',
        extract(epoch from loss.recorded_at - birth.recorded_at)) as wrong
    from pulp.event loss
    cross join lateral (
      select b.data, b.recorded_at from pulp.event b
      where b.stream_kind = 'worker' and b.stream_id = loss.stream_id and b.version < loss.version and b.type = 'WorkerOnline'
      order by b.version desc limit 1
    ) birth
    where loss.stream_kind = 'worker' and loss.type = 'WorkerMissing' and (birth.data ->> 'pid')::integer <> all ($1)`,
    [killed],
  );
  return rows.map(({ wrong }) => wrong);
}

/** A worker that was cut off at a time of the database's clock, as text. */
export interface CutOff {
  readonly worker: string;
  readonly at: string;
}

/**
 * How long the runs of workers that were cut off kept their claims, in seconds, by the log alone: from the cut to the end
 * of the last run that such a worker then had. Workers that had none are left out.
 */
export async function releaseSeconds(client: Client, cuts: readonly CutOff[]): Promise<readonly number[]> {
  const { rows } = await client.query<{ seconds: number }>(
    `
    select max(extract(epoch from ending.recorded_at - c.at))::float8 as seconds
    from unnest($1::text[], $2::timestamptz[]) as c(worker, at)
    join pulp.event s on s.stream_kind = 'task' and s.type = 'TaskStarted' and s.data ->> 'worker' = c.worker
      and s.recorded_at < c.at
    cross join lateral (
      select e.recorded_at from pulp.event e
      where e.stream_kind = 'task' and e.stream_id = s.stream_id and e.version > s.version
        and e.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskInterrupted')
      order by e.version limit 1
    ) ending
    where ending.recorded_at > c.at
    group by c.worker, c.at`,
    [cuts.map(({ worker }) => worker), cuts.map(({ at }) => at)],
  );
  return rows.map(({ seconds }) => seconds);
}
