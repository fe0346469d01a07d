-- How many of the bounds of the histograms a duration exceeds.
create or replace function pulp.duration_bucket(seconds double precision) returns smallint
language sql immutable parallel safe as $$
  select width_bucket(seconds, pulp.duration_bounds())::smallint
$$;
comment on function pulp.duration_bucket is 'How many of the bounds of the histograms a duration exceeds.';
