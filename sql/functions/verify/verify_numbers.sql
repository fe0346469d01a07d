-- Rule lock_numbers: whatever an advisory lock may stand for has its number: every resource that is held, every worker that
-- is online with a session. Without it there is no lock.
-- Rule numbers_left: there are numbers for a long time yet.
create or replace function pulp.verify_numbers() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
begin
  return query
    select distinct 'lock_numbers', null::text, g.resource, 'it is held, and is not in pulp.resource', null::jsonb, null::jsonb
    from pulp.reservation_granted g
    where not exists (select from pulp.resource r where r.name = g.resource)
    union all
    select 'lock_numbers', 'worker', w.name, 'it is online, and is not in pulp.worker_name', null, null
    from pulp.worker w
    where w.state = 'online' and w.backend_pid is not null
      and not exists (select from pulp.worker_name n where n.name = w.name)
    union all
    select 'numbers_left', 'system', numbers.name, format('%s %% of its numbers are used', round(100 * numbers.used)),
      jsonb_build_object('used_at_most', 0.8), jsonb_build_object('used', round(numbers.used, 3))
    from pulp.numbers_used() numbers
    where numbers.used > 0.8;
end $$;
comment on function pulp.verify_numbers is 'Whether all that an advisory lock may stand for has its number, and numbers are left.';
