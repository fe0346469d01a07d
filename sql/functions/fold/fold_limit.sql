-- The fold of the stream of a resource's limits.
create or replace aggregate pulp.fold_limit(event pulp.event) (sfunc = pulp.evolve_limit, stype = pulp.resource_limit);
comment on aggregate pulp.fold_limit(pulp.event) is 'The limits of a resource, of their events in order.';
