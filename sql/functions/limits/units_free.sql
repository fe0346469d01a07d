-- How many units of a limited resource nobody holds; negative where it has fewer by now than are held. At most as many holders are looked
-- at as there are units. Without a capacity: so many that only exclusive claims do not get on with others.
create or replace function pulp.units_free(known pulp.resource_limit) returns bigint
language plpgsql stable as $$
begin
  if known.capacity is null then
    return (1::bigint << 52) - coalesce((
      select pulp.units_taken(g.mode, g.units, null) from pulp.reservation_granted g
      where g.resource = known.resource order by g.mode limit 1), 0);
  end if;
  return known.capacity - (
    select coalesce(sum(pulp.units_taken(g.mode, g.units, known.capacity)), 0)
    from (select x.mode, x.units from pulp.reservation_granted x where x.resource = known.resource limit known.capacity) g);
end $$;
comment on function pulp.units_free is 'How many units of a limited resource nobody holds.';
