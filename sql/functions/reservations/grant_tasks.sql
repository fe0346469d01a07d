-- Grants all claims of these locked, waiting tasks, decides where they go, and delivers them. The rows are those of the ids.
create or replace function pulp.grant_tasks(ids uuid[], rows tid[]) returns void
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  positions constant bigint[] := pulp.new_positions(cardinality(ids));
  facts constant jsonb[] := array(
    select jsonb_build_object('queue', r.queue) from unnest(pulp.route_tasks(ids)) with ordinality as r(queue, ordinality)
    order by r.ordinality);
  versions integer[];
  correlation_ids text[];
begin
  with task as (
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
    ) = row((pulp.evolve_task(t, pulp.task_event(
      g.position, tx, t.id, t.version + 1, 'ReservationGranted', g.facts, t.correlation_id, null, acting, appended_at))).*)
    from unnest(rows, facts, positions) as g(row, facts, position)
    where t.ctid = g.row
    returning t.id, t.version, t.correlation_id, g.position, g.facts
  ),
  claim as (
    delete from pulp.reservation_waiting w
    using (
      select found.row, t.*
      from task t
      cross join lateral (select x.ctid as row from pulp.reservation_waiting x where x.task_id = t.id offset 0) found
    ) t
    where w.ctid = t.row
    returning (pulp.evolve_reservation(
      row(w.resource, w.task_id, w.mode, w.state, w.position, w.requested_at, w.granted_at)::pulp.reservation,
      pulp.task_event(t.position, tx, t.id, t.version, 'ReservationGranted', t.facts, t.correlation_id, null, acting, appended_at)
    )).*
  ),
  reservation as (
    insert into pulp.reservation_granted select claim.* from claim
    returning resource
  ),
  new_resource as (
    insert into pulp.resource (name)
    select distinct resource from reservation
    where (select known.id from pulp.resource known where known.name = reservation.resource) is null
    on conflict (name) do nothing
  )
  select array_agg(t.version order by t.position), array_agg(t.correlation_id order by t.position)
    into versions, correlation_ids
    from task t;
  if cardinality(versions) is distinct from cardinality(ids) then
    raise exception 'a task changed while it was granted' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;
  perform pulp.log_task_events('ReservationGranted', positions, ids, versions, facts, correlation_ids, null, tx, appended_at);

  perform pulp.deliver(ids);
end $$;
comment on function pulp.grant_tasks is 'Grants all claims of waiting tasks and delivers the tasks.';
