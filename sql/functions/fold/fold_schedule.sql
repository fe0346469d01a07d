-- The fold of a whole stream, for rebuild, verification and time travel.
create or replace aggregate pulp.fold_schedule(pulp.event) (sfunc = pulp.evolve_schedule, stype = pulp.schedule);
comment on aggregate pulp.fold_schedule(pulp.event) is 'A schedule as its events tell it, in the order of version.';
