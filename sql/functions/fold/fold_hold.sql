-- A hold as its events tell it: select fold_hold(e order by e.version) from the events of its stream.
create or replace aggregate pulp.fold_hold(pulp.event) (sfunc = pulp.evolve_hold, stype = pulp.hold);
comment on aggregate pulp.fold_hold(pulp.event) is 'A hold as its events tell it, in the order of version.';
