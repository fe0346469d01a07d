-- The fold of a whole stream, for rebuild, verification and time travel.
create or replace aggregate pulp.fold_group(pulp.event) (sfunc = pulp.evolve_group, stype = pulp.created_group);
comment on aggregate pulp.fold_group(pulp.event) is 'A group as its events tell it, in the order of version.';
