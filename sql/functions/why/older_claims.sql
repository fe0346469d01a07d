-- The first claims in line that one has to wait for: all older ones if it wants the resource alone, else those among them
-- that do.
create or replace function pulp.older_claims(claim pulp.reservation_waiting, at_most integer)
returns setof pulp.reservation_waiting
language plpgsql stable rows 10 as $$
begin
  if claim.mode = 'exclusive' then
    return query
      select w.* from pulp.reservation_waiting w
      where w.resource = claim.resource and w.position < claim.position
      order by w.position limit at_most;
  else
    return query
      select w.* from pulp.reservation_waiting w
      where w.resource = claim.resource and w.position < claim.position and w.mode = 'exclusive'
      order by w.position limit at_most;
  end if;
end $$;
comment on function pulp.older_claims is 'The first claims in line that one has to wait for.';
