-- The claims of a hold, as they stand in the lines.
create or replace function pulp.claims_of_hold(hold pulp.hold) returns setof pulp.reservation
language sql immutable parallel safe as $$
  select row(c.resource, hold.id, c.mode, hold.state, hold.position, hold.requested_at, hold.granted_at, c.units)::pulp.reservation
  from pulp.claims_of(hold.exclusive_resources, hold.shared_resources, hold.options) c
$$;
comment on function pulp.claims_of_hold is 'The claims of a hold, as they stand in the lines.';
