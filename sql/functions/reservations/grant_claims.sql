-- The part of a grant beside the rows of tasks: moves the claims of these tasks from the wait queues (reservation_waiting) to
-- reservation_granted, and logs it. Positions, versions and facts are those of the tasks' ReservationGranted events. Joins are hashed here:
-- see pulp.fold_started.
create or replace function pulp.grant_claims(
  ids uuid[], positions bigint[], versions integer[], facts jsonb[], correlation_ids text[], tx xid8, appended_at timestamptz
) returns void
language plpgsql set enable_hashjoin = on set enable_nestloop = off as $$
declare
  acting constant text := pulp.actor();
  rows constant tid[] := array(
    select found.row from unnest(ids) as i(id)
    cross join lateral (select x.ctid as row from pulp.reservation_waiting x where x.task_id = i.id offset 0) found);
begin
  with claim as (
    delete from pulp.reservation_waiting w
    using unnest(ids, positions, versions, facts, correlation_ids) as t(id, position, version, facts, correlation_id)
    where w.ctid = any (rows) and w.task_id = t.id
    returning (pulp.evolve_reservation(
      row(w.resource, w.task_id, w.mode, w.state, w.position, w.requested_at, w.granted_at, w.units)::pulp.reservation,
      pulp.task_event(t.position, tx, t.id, t.version, 'ReservationGranted', t.facts, t.correlation_id, null, acting, appended_at)
    )).*
  ),
  reservation as (
    insert into pulp.reservation_granted select claim.* from claim
    returning resource
  )
  insert into pulp.resource (name)
    select distinct resource from reservation
    where (select known.id from pulp.resource known where known.name = reservation.resource) is null
    on conflict (name) do nothing;
  perform pulp.log_task_events('ReservationGranted', positions, ids, versions, facts, correlation_ids, null, tx, appended_at);
end $$;
comment on function pulp.grant_claims is 'Moves the claims of tasks from the lines to those who hold.';
