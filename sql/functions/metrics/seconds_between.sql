-- Seconds from one time to another; none where the clock was put back between them.
create or replace function pulp.seconds_between(since timestamptz, until timestamptz) returns double precision
language sql immutable parallel safe as $$
  select greatest(0, extract(epoch from until) - extract(epoch from since))::double precision
$$;
comment on function pulp.seconds_between is 'Seconds from one time to another.';
