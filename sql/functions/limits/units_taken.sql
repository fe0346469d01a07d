-- How many units of a resource a claim takes, of which there are so many; without a limit, more than can be counted.
create or replace function pulp.units_taken(mode text, units integer, capacity integer) returns bigint
language sql immutable parallel safe as $$
  select case mode when 'exclusive' then coalesce(capacity, 1::bigint << 52) else coalesce(units, 1) end
$$;
comment on function pulp.units_taken is 'How many units of a resource a claim takes.';
