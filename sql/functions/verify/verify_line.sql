-- Rule forgotten_in_line: whoever could be granted is on one of the resource manager's lists, or a resource that it claims is. Of
-- all tasks in line, or of those listed.
create or replace function pulp.verify_line(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    with line as materialized (
      select w.* from pulp.reservation_waiting w where only_ids is null or w.task_id = any (only_ids)
    ),
    resource as materialized (
      select r.resource as name,
        (select min(w.position) from pulp.reservation_waiting w where w.resource = r.resource) as head,
        (select min(w.position) from pulp.reservation_waiting w where w.resource = r.resource and w.mode = 'exclusive') as exclusive_head,
        (select 1 from pulp.reservation_granted g where g.resource = r.resource limit 1) is not null as held,
        (select 1 from pulp.reservation_granted g where g.resource = r.resource and g.mode = 'exclusive' limit 1) is not null as held_exclusively
      from (select distinct line.resource from line) r
    ),
    grantable as (
      select line.task_id
      from line join resource on resource.name = line.resource
      group by line.task_id
      having bool_and(case line.mode
        when 'exclusive' then not resource.held and line.position <= resource.head
        else not resource.held_exclusively and (resource.exclusive_head is null or line.position < resource.exclusive_head) end)
    )
    select 'forgotten_in_line', 'task', g.task_id::text, 'it could be granted, and nothing tells the resource manager to look at it',
      null::jsonb, null::jsonb
    from grantable g
    where (exists (select from pulp.task t where t.id = g.task_id and t.state = 'waiting') or exists (select from pulp.hold h where h.id = g.task_id))
      and g.task_id = any (pulp.within_limits(array(select x.task_id from grantable x)))
      and not exists (select from line where line.task_id = g.task_id and line.resource = any (pulp.paused('resource')))
      and not exists (select from pulp.wakeup w where w.task_id = g.task_id)
      and not exists (select from pulp.held_back h where h.task_id = g.task_id)
      and not exists (
        select from line join pulp.wakeup w on w.resource = line.resource where line.task_id = g.task_id)
      and not exists (
        select from line join pulp.rate_use u on u.resource = line.resource and u.free_again_at <= clock_timestamp()
        where line.task_id = g.task_id);
end $$;
comment on function pulp.verify_line is 'Whether whoever could be granted is on the resource manager''s list.';
