-- The part of a grant beside the rows of tasks and the log: moves the claims of these tasks from the wait queues (reservation_waiting) to
-- reservation_granted. Positions, versions and facts are those of the tasks' ReservationGranted events.
create or replace function pulp.grant_claims(
  ids uuid[], positions bigint[], versions integer[], facts jsonb[], correlation_ids text[], tx xid8, appended_at timestamptz
) returns void
language plpgsql as $$
declare
  rows constant tid[] := array(
    select w.row from unnest(ids) as i(id)
    cross join lateral (select x.ctid as row from pulp.reservation_waiting x where x.task_id = i.id offset 0) w);
  resources constant text[] := pulp.move_claims(rows, ids, positions, versions, facts, correlation_ids, tx, appended_at);
begin
  insert into pulp.resource (name)
    select resource from unnest(resources) as resource
    where (select known.id from pulp.resource known where known.name = resource) is null
    on conflict (name) do nothing;
end $$;
comment on function pulp.grant_claims is 'Moves the claims of tasks from the lines to those who hold.';
