-- Compares the tasks of a slice (see pulp.is_in_slice) with what the log tells, as of one moment, and gives each that differs with what
-- is wrong about it. Final tasks that have no row get it at once, unless nothing is to be changed: nothing can be appended to
-- them without it. The others need the locks of rebuild_tasks.
create or replace function pulp.rebuild_slice(slice integer, slices integer, dry_run boolean)
returns table (id uuid, finding text, restored boolean)
language plpgsql set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
begin
  return query
    with difference as materialized (
      select d.* from pulp.fold_differences(rebuild_slice.slice, rebuild_slice.slices) d
      where pulp.is_uuid(d.stream_id)
        and (d.refusal is not null or d.task_told is distinct from d.task_there or d.claims_told <> d.claims_there) -- not the log alone
    ),
    inserted as (
      insert into pulp.task
      select (d.task_told).* from difference d
      where not dry_run and d.task_there is null and (d.task_told).finished_at is not null and d.claims_there = '{}'
      on conflict (id) do nothing
      returning task.id
    )
    select d.stream_id::uuid, case
        when d.refusal is not null then 'unreadable'
        when d.task_there is null then 'missing'
        when d.task_told is null then 'surplus'
        when d.task_told is distinct from d.task_there then 'different'
        else 'claims' end,
      (d.stream_id::uuid in (select i.id from inserted i)) is true -- a table of hashes, whatever the planner expects
    from difference d;
end $$;
comment on function pulp.rebuild_slice is 'Gives the tasks of a slice that are not what the log tells, and restores final ones.';
