-- Tasks and their claims as the log tells them: all, those of one slice of so many (see pulp.is_in_slice), or those of a list; and
-- what breaks a rule of the events of each task (see pulp.broken_rule; null: nothing). No row for a stream that says nothing of a task any more,
-- but for one that cannot be folded or breaks a rule.
create or replace function pulp.fold_tasks(slice integer default null, slices integer default null, only_ids uuid[] default null)
returns table (stream_id text, task pulp.task, claims pulp.reservation[], refusal text, broken pulp.violation[])
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan set enable_hashagg = off set work_mem = '64MB' as $$
#variable_conflict use_column
begin
  return query
    select s.stream_id, f.task,
      -- The claims differ by resource, mode and units alone.
      case when (f.claim).state is not null then
        array(
          select row(c.resource, (f.claim).task_id, c.mode, (f.claim).state, (f.claim).position, (f.claim).requested_at,
            (f.claim).granted_at, c.units)::pulp.reservation
          from pulp.claims_of((f.task).exclusive_resources, (f.task).shared_resources, (f.task).options) c
          order by c.resource collate "C", c.mode)
        else '{}'
      end,
      f.refusal, f.broken
    from (
      select e.stream_id, array_agg(e order by e.version) as events
      from pulp.task_events(fold_tasks.slice, fold_tasks.slices, fold_tasks.only_ids) e
      group by e.stream_id
    ) s
    cross join lateral pulp.fold_task_stream(s.events) f
    where (f.task).id is not null or f.refusal is not null or f.broken is not null;
end $$;
comment on function pulp.fold_tasks is 'Tasks and their claims as the log tells them.';
