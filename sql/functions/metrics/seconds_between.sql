-- Seconds from one time to another; none where the clock was put back between them. (date_part, for extract gives numeric, which is dear.)
create or replace function pulp.seconds_between(since timestamptz, until timestamptz) returns double precision
language sql immutable parallel safe as $$
  select greatest(0, date_part('epoch', until - since))
$$;
comment on function pulp.seconds_between is 'Seconds from one time to another.';
