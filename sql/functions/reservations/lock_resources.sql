-- Takes the advisory locks of claims for this session and gives the tasks whose locks are not all free; of those it holds none. If
-- it fails (the lock table is full), it holds none at all: locks outlive a transaction.
create or replace function pulp.lock_resources(claims pulp.reservation[]) returns uuid[]
language plpgsql as $$
declare
  class constant integer := pulp.lock_class('resource');
  claim record;
  free boolean;
  held integer[] := '{}'; -- their places among the claims
  refused uuid[] := '{}';
begin
  for claim in
    select c.ordinality::integer as place, c.task_id, c.mode, r.id as resource_id
    from unnest(claims) with ordinality as c
    cross join lateral (select x.id from pulp.resource x where x.name = c.resource offset 0) r
  loop
    if claim.mode = 'exclusive' then
      free := pg_try_advisory_lock(class, claim.resource_id);
    else
      free := pg_try_advisory_lock_shared(class, claim.resource_id);
    end if;
    if free then
      held := held || claim.place;
    else
      refused := refused || claim.task_id;
    end if;
  end loop;

  if refused <> '{}' then
    perform pulp.unlock_resources(array(select claims[place] from unnest(held) as place where claims[place].task_id = any (refused)));
  end if;
  return refused;
exception
  when query_canceled or others then
    perform pulp.unlock_resources(array(select claims[place] from unnest(held) as place));
    raise;
end $$;
comment on function pulp.lock_resources is 'Takes the advisory locks of claims; gives the tasks that it cannot have.';
