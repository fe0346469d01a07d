-- The claims that come next on what a worker let go of where resources have a capacity: as many as the units go that it has let go of, so
-- that no more of them are taken than before, whatever the manager grants at the same time. Nothing is handed on of a resource with a
-- rate, nor of one that somebody changes at present.
create or replace function pulp.units_handed_on(released pulp.reservation[]) returns pulp.reservation[]
language plpgsql as $$
declare
  limits pulp.resource_limit[];
begin
  limits := array(
    select l.known from (select distinct c.resource from unnest(released) as c) line
    cross join lateral (
      select x as known from pulp.resource_limit x where x.resource = line.resource and x.rate is null for share skip locked
    ) l);
  -- From here on they stay as they are.
  return array(
    select next::pulp.reservation
    from unnest(limits) as known
    cross join lateral (
      select sum(pulp.units_taken(c.mode, c.units, known.capacity))::bigint as units from unnest(released) as c
      where c.resource = known.resource
    ) gone
    cross join lateral pulp.front_of_line(known, least(gone.units, pulp.units_free(known)), gone.units) next
    where (select 1 from pulp.held_back h where h.task_id = next.task_id) is null);
end $$;
comment on function pulp.units_handed_on is 'The claims that come next on what a worker let go of where resources have a capacity.';
