-- The same as pulp.fold_completed for tasks with claims: two events each, the release before the end.
create or replace function pulp.fold_released_and_completed(
  rows tid[], facts jsonb[], release_positions bigint[], positions bigint[], tx xid8, appended_at timestamptz,
  out ids uuid[], out versions integer[], out correlation_ids text[], out grouped uuid[]
)
language plpgsql set enable_hashjoin = on set enable_nestloop = off
set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  acting constant text := pulp.actor();
begin
  with ended_run as (
    update pulp.task t set (/*columns pulp.task changed by ReservationReleased, TaskCompleted*/) = row((pulp.evolve_task(
      pulp.evolve_task(t, pulp.task_event(
        f.release_position, tx, t.id, t.version + 1, 'ReservationReleased', '{}', t.correlation_id, null, acting, appended_at)),
      pulp.task_event(
        f.position, tx, t.id, t.version + 2, 'TaskCompleted', f.facts, t.correlation_id, null, acting, appended_at))).*)
    from unnest(rows, facts, release_positions, positions) as f(row, facts, release_position, position)
    where t.ctid = any (rows) and t.ctid = f.row
    returning t.id, t.version, t.correlation_id, t.group_id, f.position, t.queue, t.name,
      pulp.seconds_between(t.started_at, appended_at) as ran
  ),
  counted as (
    insert into pulp.task_flow (queue, name, before, after, cause, bucket, number, seconds)
    select e.queue, e.name, 'running', 'completed', '', pulp.duration_bucket(e.ran), count(*), sum(e.ran)
    from ended_run e group by e.queue, e.name, pulp.duration_bucket(e.ran)
  )
  select array_agg(e.id order by e.position), array_agg(e.version order by e.position),
      array_agg(e.correlation_id order by e.position), array_agg(e.id) filter (where e.group_id is not null)
    into ids, versions, correlation_ids, grouped from ended_run e;
end $$;
comment on function pulp.fold_released_and_completed is 'Folds the releases and ends of runs that succeeded into the rows of their tasks.';
