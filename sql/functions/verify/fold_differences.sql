-- Where tasks and claims are not what the log tells: for each such task what is told and what is there; and where its events break a rule. Slice
-- and list as in fold_tasks. Claims are compared with the task that they belong to; those of no task at all are another rule's matter.
create or replace function pulp.fold_differences(slice integer default null, slices integer default null, only_ids uuid[] default null)
returns table (
  stream_id text, refusal text, task_told pulp.task, task_there pulp.task,
  claims_told pulp.reservation[], claims_there pulp.reservation[], broken pulp.violation[]
)
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
  return query
    with told as (
      select f.* from pulp.fold_tasks(fold_differences.slice, fold_differences.slices, fold_differences.only_ids) f
    ),
    there as (
      select t.id, t as task
      from pulp.task t
      where pulp.is_in_slice(t.id::text, fold_differences.slice, fold_differences.slices)
        and (fold_differences.only_ids is null or t.id = any (fold_differences.only_ids))
    ),
    line as (
      select r.task_id, array_agg(r order by r.resource, r.mode) as claims
      from pulp.reservation r
      where pulp.is_in_slice(r.task_id::text, fold_differences.slice, fold_differences.slices)
        and (fold_differences.only_ids is null or r.task_id = any (fold_differences.only_ids))
      group by r.task_id
    )
    select coalesce(told.stream_id, there.id::text), told.refusal, told.task, there.task,
      coalesce(told.claims, '{}'), coalesce(line.claims, '{}'), told.broken
    from told
    full join there on there.id::text = told.stream_id
    left join line on line.task_id::text = coalesce(told.stream_id, there.id::text)
    where told.refusal is not null
      or told.broken is not null
      or told.task is distinct from there.task
      or coalesce(told.claims, '{}') is distinct from coalesce(line.claims, '{}');
end $$;
comment on function pulp.fold_differences is 'Where tasks and claims are not what the log tells.';
