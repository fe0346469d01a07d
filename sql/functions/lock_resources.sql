-- Takes the advisory locks of these tasks' granted claims for this session and gives the tasks whose locks are not all
-- free; of those it holds none.
create or replace function pulp.lock_resources(ids uuid[]) returns uuid[]
language plpgsql as $$
declare
  class constant integer := pulp.lock_class('resource');
  refused uuid[] := '{}';
begin
  with claim as materialized (
    select g.task_id, g.mode, r.id as resource_id
    from unnest(ids) as i(id)
    join pulp.reservation_granted g on g.task_id = i.id
    join pulp.resource r on r.name = g.resource
  ),
  attempt as materialized (
    select task_id, mode, resource_id, case mode
      when 'exclusive' then pg_try_advisory_lock(class, resource_id)
      else pg_try_advisory_lock_shared(class, resource_id) end as locked
    from claim
  ),
  refusal as materialized (
    select distinct task_id from attempt where not locked
  ),
  undone as materialized (
    select case a.mode
      when 'exclusive' then pg_advisory_unlock(class, a.resource_id)
      else pg_advisory_unlock_shared(class, a.resource_id) end
    from refusal join attempt a on a.task_id = refusal.task_id
    where a.locked
  )
  select array(select task_id from refusal) into refused
    from (select count(*) from undone) as every_lock;
  return refused;
end $$;
comment on function pulp.lock_resources is 'Takes the advisory locks of these tasks'' resources; gives the tasks that it cannot have.';
