-- What has to end before a task can: the tasks whose ends its code waits for; of one that waits, those that hold what it claims (held) or
-- stand before it in line (line), those that it comes after (after), those of its group that wait, if it is to be the last (group), and, if
-- every slot of every worker that could run it waits for some task, one of the tasks in these slots (slot). Of each line the nearest.
create or replace function pulp.task_needs(task uuid) returns table (how text, what text, needs uuid)
language plpgsql stable set enable_sort = on as $$
declare
  t pulp.task;
begin
  select * into t from pulp.task x where x.id = task_needs.task and x.finished_at is null;
  if t.state = 'running' then
    return query select 'awaits', null, a from pulp.running r cross join unnest(r.awaits) as a where r.task_id = t.id;
  elsif t.state = 'waiting' then
    return query
      select 'held', c.resource::text, g.task_id from pulp.reservation_waiting c
      cross join lateral (
        select x.task_id from pulp.reservation_granted x where x.resource = c.resource and 'exclusive' in (c.mode, x.mode) limit 10
      ) g
      where c.task_id = t.id
      union all
      select 'line', c.resource, o.task_id from pulp.reservation_waiting c
      cross join lateral (
        select x.task_id from pulp.reservation_waiting x
        where x.resource = c.resource and x.position < c.position and 'exclusive' in (c.mode, x.mode)
        order by x.position desc limit 10
      ) o
      where c.task_id = t.id
      union all
      select 'after', null, d.name::uuid from pulp.dependency d where d.task_id = t.id and d.kind = 'task'
      union all
      select 'group', t.group_id, x.id
      from pulp.running r
      cross join lateral (select y.id from pulp.task y where y.id = r.task_id and y.group_id = t.group_id offset 0) x
      where r.awaits <> '{}' and exists (select from pulp.dependency d where d.task_id = t.id and d.kind = 'group');
    return query
      with able as (
        select w.name, w.concurrency from pulp.worker w
        where w.state = 'online' and w.unable is null and w.draining is null and t.name = any (w.task_types)
          and (t.queue = any (w.queues)
            or (t.queue = 'default' or pulp.is_reserved_worker(t.queue)) and pulp.is_reserved_worker(w.name))
      ),
      slot as (
        select a.name, a.concurrency, r.task_id, coalesce(r.awaits, '{}') <> '{}' as waits
        from able a left join pulp.running r on r.worker = a.name
      )
      select 'slot', h.name, h.task_id from slot h
      where h.task_id is not null
        and not exists (
          select from slot x group by x.name, x.concurrency
          having count(x.task_id) < x.concurrency or count(x.task_id) > count(*) filter (where x.waits));
  end if;
end $$;
comment on function pulp.task_needs is 'What has to end before a task can.';
