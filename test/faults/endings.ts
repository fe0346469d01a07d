import type { Client } from 'pg';

/** How many tasks are not over. */
export async function unfinished(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer from pulp.task where state in ('waiting', 'running', 'canceling')`,
  );
  return rows[0]?.count ?? 0;
}

/** The state of a task. */
export async function stateOf(client: Client, task: string): Promise<string | undefined> {
  const { rows } = await client.query<{ state: string }>('select state from pulp.task where id = $1', [task]);
  return rows[0]?.state;
}

/** How a task ended: the types of its terminal events. */
export async function endingsOf(client: Client, task: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ type: string }>(
    `select type from pulp.event where stream_kind = 'task' and stream_id = $1
       and type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped') order by version`,
    [task],
  );
  return rows.map(({ type }) => type);
}

/**
 * What is wrong with how tasks ended, in words: an acknowledged task that is not there, is not over, or was ended more
 * than once; a task that nobody enqueued; a run that ended otherwise than its code or its type's `onWorkerLoss` says; a
 * report that was accepted from a run that was over.
 * Canceled by nobody, the tasks of these tests complete unless their worker is lost.
 *
 * @param acknowledged the ids that the load had an answer for
 */
export async function wrongEndings(
  client: Client,
  acknowledged: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ wrong: string }>(
    `
    with ending as (
      select e.stream_id::uuid as task, e.version, e.type, e.data, exists (
          -- That worker's end came just before, and it was not born anew in between.
          select from pulp.event w
          where w.stream_kind = 'worker' and w.type in ('WorkerMissing', 'WorkerOffline') and w.position < e.position
            and e.data::text like '%Worker ' || w.stream_id || ' %'
            and not exists (
              select from pulp.event b where b.stream_kind = 'worker' and b.stream_id = w.stream_id
                and b.type = 'WorkerOnline' and b.position between w.position and e.position)
        ) as by_loss
      from pulp.event e
      where e.stream_kind = 'task'
        and e.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped', 'TaskRetryScheduled')
    )
    select format('task %s was acknowledged and is not there', a.id) as wrong
    from unnest($1::uuid[]) as a(id) where not exists (select from pulp.task t where t.id = a.id)
    union all
    select format('task %s is there and nobody had an answer for it', t.id)
    from pulp.task t where t.id <> all ($1::uuid[])
    union all
    select format('task %s (%s) has %s ends, its state is %s', t.id, t.name, count(e.task), t.state)
    from pulp.task t left join ending e on e.task = t.id and e.type <> 'TaskRetryScheduled'
    group by t.id having count(e.task) <> 1
    union all
    select format('task %s (%s) got %s though no worker was lost: %s', t.id, t.name, e.type, e.data)
    from ending e join pulp.task t on t.id = e.task
    where not e.by_loss and e.type <> 'TaskCompleted'
    union all
    select format('task %s (%s) got %s when its worker was lost: its type says %s', t.id, t.name, e.type, k.on_worker_loss)
    from ending e join pulp.task t on t.id = e.task join pulp.task_type k on k.name = t.name
    where e.by_loss and not case k.on_worker_loss
        when 'cancel' then e.type = 'TaskCanceled'
        when 'fail' then e.type = 'TaskFailed'
        else e.type = 'TaskRetryScheduled' or e.type = 'TaskFailed' and t.attempt >= 3 end
    union all
    select format('task %s (%s): attempt %s completed with what attempt %s gave', t.id, t.name, t.attempt, t.result ->> 'attempt')
    from pulp.task t where t.state = 'completed' and (t.result ->> 'attempt')::integer is distinct from t.attempt
    union all
    select format('task %s (%s) got %s after its worker was lost', t.id, t.name, after.type)
    from ending e join pulp.task t on t.id = e.task
    join pulp.event after on after.stream_kind = 'task' and after.stream_id = e.task::text and after.version = e.version + 1
    where e.by_loss and after.type not in ('TaskDue', 'ReservationGranted', 'TaskStarted')`,
    [acknowledged],
  );
  return rows.map(({ wrong }) => wrong);
}

/** A kind of worker loss, and how runs ended by it. */
export interface LossEnding {
  readonly policy: string;
  readonly ending: string;
  readonly runs: number;
}

/** How many runs ended with the loss of their worker, by what their types say of it. */
export async function lossEndings(client: Client): Promise<readonly LossEnding[]> {
  const { rows } = await client.query<LossEnding>(`
    select k.on_worker_loss as policy, e.type as ending, count(*)::integer as runs
    from pulp.event_batch e cross join unnest(e.ids) as task(id)
    join pulp.task t on t.id = task.id join pulp.task_type k on k.name = t.name
    where e.type in ('TaskFailed', 'TaskCanceled', 'TaskRetryScheduled')
      and exists (
        select from pulp.event_single w
        where w.xmin = e.xmin and w.stream_kind = 'worker' and w.type in ('WorkerMissing', 'WorkerOffline'))
    group by 1, 2 order by 1, 2`);
  return rows;
}
