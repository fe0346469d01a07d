-- Grants all claims of these locked, waiting tasks, decides where they go, and delivers them. The rows are those of the ids.
create or replace function pulp.grant_tasks(ids uuid[], rows tid[]) returns void
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  granted integer;
begin
  with given as materialized ( -- in their order, whatever way the rows are found
    select g.row, jsonb_build_object('queue', g.queue) as facts, nextval('pulp.event_position') as position
    from unnest(rows, pulp.route_tasks(ids)) as g(row, queue)
  ),
  task as (
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
    ) = row((pulp.evolve_task(t, pulp.task_event(
      g.position, tx, t.id, t.version + 1, 'ReservationGranted', g.facts, t.correlation_id, null, acting, appended_at))).*)
    from given g
    where t.ctid = g.row
    returning t.id, t.version, t.correlation_id, g.position, g.facts
  ),
  logged as (
    insert into pulp.event
    select (pulp.task_event(
      t.position, tx, t.id, t.version, 'ReservationGranted', t.facts, t.correlation_id, null, acting, appended_at)).*
    from task t
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
  select count(*) into granted from task;
  if granted <> cardinality(ids) then
    raise exception 'a task changed while it was granted' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;

  perform pulp.deliver(ids);
end $$;
comment on function pulp.grant_tasks is 'Grants all claims of waiting tasks and delivers the tasks.';
