-- Of links from tasks that are to be enqueued to those that they come after, one that would close a circle by way of a group: its task is in a
-- group whose last task that one waits for, directly or by way of others and of their groups. Gives the task and that last task; null:
-- there is none. "groups" are those of the children, null of such as come last themselves, for whom none waits; "lasts" are enqueued with
-- them as the last ones of their groups. Nearly always nobody waits for the last task of a group, and one look tells.
create or replace function pulp.circle_by_group(
  children uuid[], parents uuid[], groups text[], lasts uuid[], groups_of_lasts text[], out child uuid, out last uuid
)
language sql stable set enable_seqscan = off as $$
  with recursive link as materialized (
    select l.* from unnest(children, parents, groups) as l(child, parent, group_id)
  ),
  behind as ( -- each group, and who waits for it at last: "own" is the group whose last ones wait for that one
    select distinct l.group_id, null::uuid as last, null::uuid as id, l.group_id as own from link l where l.group_id is not null
    union
    select b.group_id, coalesce(b.last, n.id), n.id,
      coalesce(
        (select t.group_id from pulp.task t where t.id = n.id and not t.options ? 'finally'),
        (select l.group_id from link l where l.child = n.id limit 1))
    from behind b
    cross join lateral (
      select d.task_id as id from pulp.dependency d where d.kind = 'task' and d.name = b.id::text collate "C"
      union all
      select l.child from link l where l.parent = b.id
      union all
      select d.task_id from pulp.dependency d where d.kind = 'group' and d.name = b.own collate "C"
      union all
      select w.id from unnest(lasts, groups_of_lasts) as w(id, group_id) where w.group_id = b.own
    ) n
  )
  select l.child, b.last from behind b join link l on l.child = b.id and l.group_id = b.group_id limit 1
$$;
comment on function pulp.circle_by_group is 'Of links between tasks that are to be enqueued, one that would close a circle by way of a group.';
