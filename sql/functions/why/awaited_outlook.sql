-- What a waiting task waits for, of tasks that it comes after and of its group: the first ten tasks; of the group, whether all its tasks are
-- dispatched, and how many others are not over.
create or replace function pulp.awaited_outlook(task pulp.task) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(a.awaited), '[]')
  from (
    (select jsonb_build_object('kind', 'task', 'id', d.name, 'name', t.name, 'state', t.state) as awaited
    from pulp.dependency d
    left join lateral (select x.name, x.state from pulp.task x where x.id = d.name::uuid offset 0) t on true
    where d.task_id = (task).id and d.kind = 'task'
    order by d.name limit 10)
    union all
    select jsonb_build_object('kind', 'group', 'id', g.id, 'dispatched', g.dispatched, 'unfinished',
      g.waiting + g.running + g.canceling - (select count(*) from pulp.dependency x where x.kind = 'group' and x.name = g.id))
    from pulp.dependency d
    cross join lateral (select y.* from pulp.task_group y where y.id = d.name) g
    where d.task_id = (task).id and d.kind = 'group'
  ) a
$$;
comment on function pulp.awaited_outlook is 'What a waiting task waits for, of tasks that it comes after and of its group.';
