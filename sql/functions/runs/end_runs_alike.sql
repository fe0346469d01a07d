-- Ends the runs of these locked tasks, all by an event of one type, with these facts; "claiming": all of them have claims, or none.
-- Gives the released claims: it is up to the caller who comes next on them.
-- Steps: 1 folds the end, and the release before it, into the tasks' rows (one statement)  2 logs both  3 removes the runs and the granted
-- claims  4 defers what is tried again; an interrupted task enters the wait queues at its old place, or is delivered if it claims
-- nothing; for the others, those that come after them are looked at (note_endings).
-- The rows are locked by the caller: the tasks are still those that it decided on.
create or replace function pulp.end_runs_alike(type text, rows tid[], facts jsonb[], claiming boolean) returns pulp.reservation[]
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  release_positions constant bigint[] := case when claiming then pulp.new_positions(cardinality(rows)) end;
  positions constant bigint[] := pulp.new_positions(cardinality(rows));
  ended uuid[];
  versions integer[];
  correlation_ids text[];
  grouped uuid[];
  released pulp.reservation[];
  canceling uuid[] := '{}';
  cause constant text := case type when 'TaskRetryScheduled' then 'retry' when 'TaskInterrupted' then 'interrupted' when 'TaskSnoozed' then 'snoozed' else '' end;
  phase_after constant text := case
    when type = 'TaskCompleted' then 'completed' when type = 'TaskFailed' then 'failed' when type = 'TaskCanceled' then 'canceled'
    when type in ('TaskRetryScheduled', 'TaskSnoozed') then 'delayed' when claiming then 'blocked' else 'claimable' end;
begin
  if type = 'TaskCanceled' then
    canceling := array(
      select t.id from unnest(rows) as r(row) cross join lateral (
        select x.id from pulp.task x where x.ctid = r.row and x.state = 'canceling' offset 0) t);
  end if;
  -- Two statements: the fold is inlined in each as one expression, which cannot depend on how many events there are.
  if claiming then
    with ended_run as (
      update pulp.task t set (/*columns pulp.task*/) = row((pulp.evolve_task(
        pulp.evolve_task(t, pulp.task_event(
          r.release_position, tx, t.id, t.version + 1, 'ReservationReleased', '{}', t.correlation_id, null, acting, appended_at)),
        pulp.task_event(
          r.position, tx, t.id, t.version + 2, end_runs_alike.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
      from unnest(rows, facts, release_positions, positions) as r(row, facts, release_position, position)
      where t.ctid = r.row
      returning t.id, t.version, t.correlation_id, t.group_id, r.position, t.queue, t.name, pulp.seconds_between(t.started_at, appended_at) as ran,
        r.facts ? 'worker_lost' as is_lost, t.id = any (canceling) as was_canceling
    ),
    counted as (
      insert into pulp.task_flow (queue, name, before, after, cause, bucket, number, seconds)
      select o.queue, o.name, case when o.was_canceling then 'canceling' else 'running' end, phase_after,
        case when o.is_lost then 'worker_lost' else cause end, pulp.duration_bucket(o.ran), count(*), sum(o.ran)
      from ended_run o group by o.queue, o.name, o.was_canceling, o.is_lost, pulp.duration_bucket(o.ran)
    )
    select array_agg(o.id order by o.position), array_agg(o.version order by o.position),
        array_agg(o.correlation_id order by o.position), array_agg(o.id) filter (where o.group_id is not null)
      into ended, versions, correlation_ids, grouped from ended_run o;
  else
    with ended_run as (
      update pulp.task t set (/*columns pulp.task*/) = row((pulp.evolve_task(t, pulp.task_event(
        r.position, tx, t.id, t.version + 1, end_runs_alike.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
      from unnest(rows, facts, positions) as r(row, facts, position)
      where t.ctid = r.row
      returning t.id, t.version, t.correlation_id, t.group_id, r.position, t.queue, t.name, pulp.seconds_between(t.started_at, appended_at) as ran,
        r.facts ? 'worker_lost' as is_lost, t.id = any (canceling) as was_canceling
    ),
    counted as (
      insert into pulp.task_flow (queue, name, before, after, cause, bucket, number, seconds)
      select o.queue, o.name, case when o.was_canceling then 'canceling' else 'running' end, phase_after,
        case when o.is_lost then 'worker_lost' else cause end, pulp.duration_bucket(o.ran), count(*), sum(o.ran)
      from ended_run o group by o.queue, o.name, o.was_canceling, o.is_lost, pulp.duration_bucket(o.ran)
    )
    select array_agg(o.id order by o.position), array_agg(o.version order by o.position),
        array_agg(o.correlation_id order by o.position), array_agg(o.id) filter (where o.group_id is not null)
      into ended, versions, correlation_ids, grouped from ended_run o;
  end if;
  if cardinality(ended) is distinct from cardinality(rows) then
    raise exception 'a task changed while its run was ended' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;
  if claiming then
    perform pulp.log_task_events('ReservationReleased', release_positions, ended,
      array(select v - 1 from unnest(versions) with ordinality as x(v, ordinality) order by x.ordinality), null, correlation_ids, null,
      tx, appended_at);
  end if;
  perform pulp.log_task_events(type, positions, ended, versions, facts, correlation_ids, null, tx, appended_at);

  delete from pulp.running r where r.task_id = any (ended);

  if claiming then
    with released_claim as (
      delete from pulp.reservation_granted g where g.task_id = any (ended)
      returning g::pulp.reservation as claim
    )
    select array_agg(claim) into released from released_claim;
  end if;

  if type in ('TaskRetryScheduled', 'TaskSnoozed') then
    perform pulp.defer(ended);
  elsif type = 'TaskInterrupted' and claiming then
    perform pulp.take_place_in_line(array(
      select pulp.task_event(r.position, tx, r.id, r.version, end_runs_alike.type, r.facts, r.correlation_id, null, acting,
        appended_at)
      from unnest(positions, ended, versions, facts, correlation_ids) as r(position, id, version, facts, correlation_id)));
  elsif type = 'TaskInterrupted' then
    perform pulp.deliver(ended);
  else
    perform pulp.note_endings(ended, phase_after, grouped);
  end if;
  if type in ('TaskFailed', 'TaskCanceled') then
    perform pulp.tell_abandoned(ended);
  end if;
  perform pulp.notify('pulp_finished', '');
  return coalesce(released, '{}');
end $$;
comment on function pulp.end_runs_alike is 'Ends runs that end alike and lets go of their claims.';
