-- A subscription on which the caller may act, its row locked: whoever is reading it ends first.
create or replace function pulp.own_subscription(name text, reason text) returns pulp.subscription
language plpgsql as $$
#variable_conflict use_column
declare
  known pulp.subscription;
begin
  perform pulp.check_reason(reason);
  select * into known from pulp.subscription s where s.name = own_subscription.name for update;
  perform pulp.check_subscriber(known, own_subscription.name);
  return known;
end $$;
comment on function pulp.own_subscription is 'A subscription on which the caller may act, its row locked.';
