-- The fold of one claim: select fold_claim(row(resource, null, mode, null, null, null, null, units), e order by e.version) from
-- the events of its task. A claim that is not in line has no state.
create or replace aggregate pulp.fold_claim(blank pulp.reservation, event pulp.event)
  (sfunc = pulp.evolve_claim, stype = pulp.reservation);
comment on aggregate pulp.fold_claim(pulp.reservation, pulp.event) is
  'A claim as the events of its task tell it, in the order of version.';
