-- Ends the runs of these locked tasks: appends how each ended (before it, that its claims are let go of), wakes the
-- resource manager for them, and defers what is to be tried again. A task whose run was interrupted takes its old place in
-- line again, or is delivered at once if it claims nothing. Gives the claims let go of.
create or replace function pulp.end_runs(rows tid[], types text[], facts jsonb[], claiming boolean[]) returns pulp.reservation[]
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  ended uuid[];
  claimants uuid[];
  again uuid[];
  interrupted uuid[];
  requeued pulp.event[];
  released pulp.reservation[] := '{}';
begin
  -- Statements apart, since making ready the one that is not wanted costs a single run more than all that it does.
  if false = any (claiming) then
    with over as (
      update pulp.task t set (
        id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
        priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
        progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
      ) = row((pulp.evolve_task(t, pulp.task_event(
        r.position, tx, t.id, t.version + 1, r.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
      from (
        select end_of.row, end_of.type, end_of.facts, nextval('pulp.event_position') as position
        from unnest(rows, types, facts, claiming) as end_of(row, type, facts, claims) where not end_of.claims
      ) r
      where t.ctid = r.row
      returning t.id, t.version, t.correlation_id, r.position, r.type, r.facts
    ),
    logged as (
      insert into pulp.event
      select (pulp.task_event(o.position, tx, o.id, o.version, o.type, o.facts, o.correlation_id, null, acting, appended_at)).*
      from over o
    )
    select array_agg(o.id), array_agg(o.id) filter (where o.type = 'TaskRetryScheduled'),
        array_agg(o.id) filter (where o.type = 'TaskInterrupted')
      into ended, again, interrupted from over o;
  end if;
  if true = any (claiming) then
    with over as (
      update pulp.task t set (
        id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
        priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
        progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
      ) = row((pulp.evolve_task(
        pulp.evolve_task(t, pulp.task_event(
          r.release_position, tx, t.id, t.version + 1, 'ReservationReleased', '{}', t.correlation_id, null, acting, appended_at)),
        pulp.task_event(
          r.position, tx, t.id, t.version + 2, r.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
      from (
        select end_of.row, end_of.type, end_of.facts,
          nextval('pulp.event_position') as release_position, nextval('pulp.event_position') as position
        from unnest(rows, types, facts, claiming) as end_of(row, type, facts, claims) where end_of.claims
      ) r
      where t.ctid = r.row
      returning t.id, t.version, t.correlation_id, r.release_position, r.position, r.type, r.facts
    ),
    logged as (
      insert into pulp.event
      select (pulp.task_event(o.release_position, tx, o.id, o.version - 1, 'ReservationReleased', '{}', o.correlation_id, null,
        acting, appended_at)).* from over o
      union all
      select (pulp.task_event(o.position, tx, o.id, o.version, o.type, o.facts, o.correlation_id, null, acting, appended_at)).*
      from over o
    )
    select array_agg(o.id), array_agg(o.id) || ended, array_agg(o.id) filter (where o.type = 'TaskRetryScheduled') || again,
        array_agg(pulp.task_event(o.position, tx, o.id, o.version, o.type, o.facts, o.correlation_id, null, acting, appended_at))
          filter (where o.type = 'TaskInterrupted')
      into claimants, ended, again, requeued from over o;
  end if;
  if coalesce(cardinality(ended), 0) <> cardinality(rows) then
    raise exception 'a task changed while its run was ended' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;

  delete from pulp.running r where r.task_id = any (ended);

  if claimants is not null then
    with gone as (
      delete from pulp.reservation_granted g where g.task_id = any (claimants)
      returning g::pulp.reservation as claim
    ),
    woken as (
      insert into pulp.wakeup (resource, mode) select (claim).resource, (claim).mode from gone
    )
    select array_agg(claim) into released from gone;
    perform pulp.notify('pulp_grant', '');
  end if;

  if requeued is not null then
    perform pulp.take_place_in_line(requeued);
  end if;
  if interrupted is not null then
    perform pulp.deliver(interrupted);
  end if;
  if again is not null then
    perform pulp.defer(again);
  end if;
  perform pulp.notify('pulp_finished', '');
  return released;
end $$;
comment on function pulp.end_runs is 'Ends the runs of tasks and lets go of their claims.';
