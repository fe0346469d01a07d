-- The bounds of the histograms of durations, in seconds.
create or replace function pulp.duration_bounds() returns double precision[]
language sql immutable parallel safe as $$
  select '{0.01,0.05,0.1,0.5,1,5,10,30,60,300,600,1800,3600,21600,86400}'::double precision[]
$$;
comment on function pulp.duration_bounds is 'The bounds of the histograms of durations, in seconds.';
