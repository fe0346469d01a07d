-- The stream of the system in which the events of a subscription are.
create or replace function pulp.subscription_stream(name text) returns text
language sql immutable parallel safe as $$
  select 'subscription/' || name
$$;
comment on function pulp.subscription_stream is 'The stream of the system in which the events of a subscription are.';
