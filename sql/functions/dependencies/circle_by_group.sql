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
  new_last as materialized (
    select w.* from unnest(lasts, groups_of_lasts) as w(id, group_id)
  ),
  behind as (
    select g.group_id, w.id as last, w.id
    from (select distinct l.group_id from link l where l.group_id is not null) g
    cross join lateral (
      select d.task_id as id from pulp.dependency d where d.kind = 'group' and d.name = g.group_id collate "C"
      union all
      select n.id from new_last n where n.group_id = g.group_id
    ) w
    union
    select b.group_id, b.last, n.id
    from behind b
    cross join lateral (
      select d.task_id as id from pulp.dependency d where d.kind = 'task' and d.name = b.id::text collate "C"
      union all
      select l.child from link l where l.parent = b.id
      union all
      select w.id
      from (
        select t.group_id from pulp.task t where t.id = b.id and not t.options ? 'finally'
        union
        select l.group_id from link l where l.child = b.id
      ) own
      cross join lateral (
        select d.task_id as id from pulp.dependency d where d.kind = 'group' and d.name = own.group_id collate "C"
        union all
        select n.id from new_last n where n.group_id = own.group_id
      ) w
    ) n
  )
  select l.child, b.last from behind b join link l on l.child = b.id and l.group_id = b.group_id limit 1
$$;
comment on function pulp.circle_by_group is 'Of links between tasks that are to be enqueued, one that would close a circle by way of a group.';
