-- Deletes a subscription. What happened to it stays in the log.
create or replace function pulp.delete_subscription(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pulp.append_subscription_event(pulp.own_subscription(name, reason), 'SubscriptionDeleted', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.delete_subscription is 'Deletes a subscription.';
