-- Moves the claims at these places from the wait queues (reservation_waiting) to reservation_granted, as pulp.grant_claims has it; gives their
-- resources. See pulp.fold_started for why it is a function of its own.
create or replace function pulp.move_claims(
  rows tid[], ids uuid[], positions bigint[], versions integer[], facts jsonb[], correlation_ids text[], tx xid8,
  appended_at timestamptz
) returns text[]
language plpgsql set enable_hashjoin = on set enable_nestloop = off
set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
declare
  acting constant text := pulp.actor();
  resources text[];
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
  select array_agg(distinct resource) into resources from reservation;
  return resources;
end $$;
comment on function pulp.move_claims is 'Moves claims from the lines to those who hold.';
