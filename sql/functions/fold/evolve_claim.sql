-- One step of fold_claim: starts from the blank claim wherever there is none in line.
create or replace function pulp.evolve_claim(claim pulp.reservation, blank pulp.reservation, event pulp.event)
returns pulp.reservation
language sql immutable parallel safe as $$
  select pulp.evolve_reservation(coalesce(claim, blank), event)
$$;
comment on function pulp.evolve_claim is 'One step of fold_claim.';
