-- Takes the advisory locks of these tasks' granted claims for this session and gives the tasks whose locks are not all
-- free; of those it holds none. If it fails (the lock table is full), it holds none at all: locks outlive a transaction.
create or replace function pulp.lock_resources(ids uuid[]) returns uuid[]
language plpgsql as $$
declare
  class constant integer := pulp.lock_class('resource');
  claim record;
  free boolean;
  held pulp.reservation[] := '{}';
  refused uuid[] := '{}';
begin
  for claim in
    select g::pulp.reservation as reservation, g.task_id, g.mode, r.id as resource_id
    from unnest(ids) as i(id)
    cross join lateral (select x.* from pulp.reservation_granted x where x.task_id = i.id offset 0) g
    cross join lateral (select x.id from pulp.resource x where x.name = g.resource offset 0) r
  loop
    if claim.mode = 'exclusive' then
      free := pg_try_advisory_lock(class, claim.resource_id);
    else
      free := pg_try_advisory_lock_shared(class, claim.resource_id);
    end if;
    if free then
      held := held || claim.reservation;
    else
      refused := refused || claim.task_id;
    end if;
  end loop;

  if refused <> '{}' then
    perform pulp.unlock_resources(array(select h from unnest(held) as h where h.task_id = any (refused)));
  end if;
  return refused;
exception
  when query_canceled or others then
    perform pulp.unlock_resources(held);
    raise;
end $$;
comment on function pulp.lock_resources is 'Takes the advisory locks of these tasks'' resources; gives the tasks that it cannot have.';
