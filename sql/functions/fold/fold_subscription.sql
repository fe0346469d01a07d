-- The fold of a whole stream, for rebuild, verification and time travel.
create or replace aggregate pulp.fold_subscription(pulp.event) (sfunc = pulp.evolve_subscription, stype = pulp.subscription);
comment on aggregate pulp.fold_subscription(pulp.event) is 'A subscription as its events tell it, in the order of version.';
