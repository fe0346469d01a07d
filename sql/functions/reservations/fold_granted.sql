-- Folds the grants of these tasks into their rows, and counts them. Gives the versions of the events, and what they correlate to, in their
-- order. See pulp.fold_started for why it is a function of its own.
create or replace function pulp.fold_granted(
  rows tid[], facts jsonb[], positions bigint[], tx xid8, appended_at timestamptz,
  out versions integer[], out correlation_ids text[]
)
language plpgsql set enable_hashjoin = on set enable_nestloop = off
set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
declare
  acting constant text := pulp.actor();
begin
  with granted_task as (
    update pulp.task t set (/*columns pulp.task changed by ReservationGranted*/) = row((pulp.evolve_task(t, pulp.task_event(
      f.position, tx, t.id, t.version + 1, 'ReservationGranted', f.facts, t.correlation_id, null, acting, appended_at))).*)
    from unnest(rows, facts, positions) as f(row, facts, position)
    where t.ctid = any (rows) and t.ctid = f.row
    returning t.version, t.correlation_id, f.position, t.queue, t.name
  ),
  counted as (
    insert into pulp.task_flow (queue, name, before, after, number)
    select g.queue, g.name, 'blocked', 'claimable', count(*) from granted_task g group by g.queue, g.name
  )
  select array_agg(g.version order by g.position), array_agg(g.correlation_id order by g.position)
    into versions, correlation_ids from granted_task g;
end $$;
comment on function pulp.fold_granted is 'Folds the grants of tasks into their rows.';
