-- The latest era, as the snapshot shows it.
create or replace function pulp.current_era() returns pulp.era
language sql stable as $$
  select e from pulp.era e order by e.number desc limit 1
$$;
comment on function pulp.current_era is 'The latest era.';
