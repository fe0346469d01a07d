-- The claims at the front of a resource's line that so many units and so many grants are enough for, all older ones included: so nobody is
-- overtaken, whatever else he waits for. No more of the line is looked at than that.
create or replace function pulp.front_of_line(known pulp.resource_limit, room bigint, grants bigint)
returns setof pulp.reservation_waiting
language plpgsql stable as $$
begin
  return query
    select (l.claim).*
    from (
      select w as claim, sum(pulp.units_taken(w.mode, w.units, known.capacity)) over (order by w.position) as units_so_far
      from (
        select x.* from pulp.reservation_waiting x
        where x.resource = known.resource order by x.position limit greatest(0, least(room, grants))
      ) w
    ) l
    where l.units_so_far <= room
    order by (l.claim).position;
end $$;
comment on function pulp.front_of_line is 'The claims at the front of a line that so many units and grants are enough for.';
