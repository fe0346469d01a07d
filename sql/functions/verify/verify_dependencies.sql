-- Rule awaits_others: a task waits for others as long as its time is infinity, and then for some that it names; who of them is over is on
-- the leader's list. Of all tasks, or of those listed.
create or replace function pulp.verify_dependencies(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'awaits_others', 'task', coalesce(d.task_id, a.task_id)::text, broken.problem, null::jsonb, to_jsonb(a.awaited)
    from (
      select x.task_id from pulp.deferred x where x.due_at = 'infinity' and (only_ids is null or x.task_id = any (only_ids))
    ) d
    full join (
      select x.task_id, array_agg(x.kind || ' ' || x.name) as awaited,
        bool_or(x.kind = 'task' and (t.id is null or t.finished_at is not null)
          and not exists (select from pulp.ending e where e.kind = 'task' and e.name = x.name)) as is_forgotten,
        bool_and(c.id is not null and exists (select from pulp.awaited_by(c) a where (a.kind, a.name) = (x.kind, x.name))) as is_named
      from pulp.dependency x
      left join pulp.task t on x.kind = 'task' and t.id = case x.kind when 'task' then x.name::uuid end
      left join pulp.task c on c.id = x.task_id
      where only_ids is null or x.task_id = any (only_ids)
      group by x.task_id
    ) a on a.task_id = d.task_id
    cross join lateral (
      select case
        when a.task_id is null then 'it waits for others for ever, and for none that is known'
        when d.task_id is null then 'it is said to wait for others, and does not'
        when a.is_named is not true then 'it is said to wait for others than it names'
        when a.is_forgotten then 'who it waits for is over, and nothing tells the leader to look' end as problem
    ) broken
    where broken.problem is not null;
end $$;
comment on function pulp.verify_dependencies is 'Whether tasks wait for others as they ask for it.';
