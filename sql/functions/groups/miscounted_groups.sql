-- Compares what pulp.group_flow says with the rows of tasks, as of one moment. Reads all tasks.
create or replace function pulp.miscounted_groups() returns table (group_id text, owner text, state text, counted bigint, there bigint)
language sql stable as $$
  select coalesce(c.group_id, t.group_id), coalesce(c.owner, t.owner), coalesce(c.state, t.state), coalesce(c.tasks, 0), coalesce(t.tasks, 0)
  from (
    select f.group_id, f.owner, f.state, sum(f.number)::bigint as tasks from pulp.group_flow f group by 1, 2, 3
  ) c
  full join (
    select x.group_id, x.owner, s.state, count(*) as tasks
    from pulp.task x
    cross join lateral (select '' as state union all select x.state where x.finished_at is not null) s
    where x.group_id is not null
    group by 1, 2, 3
  ) t on (c.group_id, c.state, coalesce(c.owner, '')) = (t.group_id, t.state, coalesce(t.owner, ''))
  where coalesce(c.tasks, 0) <> coalesce(t.tasks, 0)
$$;
comment on function pulp.miscounted_groups is 'Where pulp.group_flow says anything else than the rows of tasks.';
