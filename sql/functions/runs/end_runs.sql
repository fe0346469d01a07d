-- Ends the runs of these locked tasks: appends how each ended (before it, that its claims are let go of), wakes the
-- resource manager for them, and defers what is to be tried again. Gives the claims let go of.
create or replace function pulp.end_runs(rows tid[], types text[], facts jsonb[]) returns pulp.reservation[]
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  ended uuid[];
  claimants uuid[];
  again pulp.task[];
  released pulp.reservation[] := '{}';
begin
  with report as materialized (
    select r.row, r.type, r.facts, nextval('pulp.event_position') as release_position, nextval('pulp.event_position') as position
    from unnest(rows, types, facts) as r(row, type, facts)
  ),
  free as (
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version
    ) = row((pulp.evolve_task(t, pulp.task_event(
      r.position, tx, t.id, t.version + 1, r.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
    from report r
    where t.ctid = r.row and t.exclusive_resources = '{}' and t.shared_resources = '{}'
    returning t.id, t.version, t.correlation_id, r.position, r.type, r.facts, case t.state when 'waiting' then t end as retried
  ),
  claiming as (
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version
    ) = row((pulp.evolve_task(
      pulp.evolve_task(t, pulp.task_event(
        r.release_position, tx, t.id, t.version + 1, 'ReservationReleased', '{}', t.correlation_id, null, acting, appended_at)),
      pulp.task_event(
        r.position, tx, t.id, t.version + 2, r.type, r.facts, t.correlation_id, null, acting, appended_at))).*)
    from report r
    where t.ctid = r.row and (t.exclusive_resources <> '{}' or t.shared_resources <> '{}')
    returning t.id, t.version, t.correlation_id, r.release_position, r.position, r.type, r.facts,
      case t.state when 'waiting' then t end as retried
  ),
  logged as (
    insert into pulp.event
    select (pulp.task_event(c.release_position, tx, c.id, c.version - 1, 'ReservationReleased', '{}', c.correlation_id, null,
      acting, appended_at)).* from claiming c
    union all
    select (pulp.task_event(e.position, tx, e.id, e.version, e.type, e.facts, e.correlation_id, null, acting, appended_at)).*
    from (
      select f.id, f.version, f.correlation_id, f.position, f.type, f.facts from free f
      union all
      select c.id, c.version, c.correlation_id, c.position, c.type, c.facts from claiming c
    ) e
  )
  select array_agg(e.id), array_agg(e.id) filter (where e.claims), array_agg(e.retried) filter (where (e.retried).id is not null)
    into ended, claimants, again
    from (
      select f.id, f.retried, false as claims from free f
      union all
      select c.id, c.retried, true from claiming c
    ) e;
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
    perform pg_notify('pulp_grant', '');
  end if;

  if again is not null then
    perform pulp.defer(again);
  end if;
  perform pg_notify('pulp_finished', '');
  return released;
end $$;
comment on function pulp.end_runs is 'Ends the runs of tasks and lets go of their claims.';
