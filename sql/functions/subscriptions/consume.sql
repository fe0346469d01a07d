-- The next events of a subscription, each exactly once for whoever keeps what he makes of them in this same transaction: see
-- pulp.take_events. None: there are none for now.
create or replace function pulp.consume(subscription text, at_most integer default 100) returns setof pulp.event
language sql volatile as $$
  select e.* from pulp.take_events(subscription, at_most) t, unnest(t.events) e
$$;
comment on function pulp.consume is 'The next events of a subscription; in the transaction of the caller its place moves on.';
