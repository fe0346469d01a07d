-- Keeps a subscription where it is until it is resumed. One that is paused already is paused anew, with this reason.
create or replace function pulp.pause_subscription(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pulp.append_subscription_event(pulp.own_subscription(name, reason), 'SubscriptionPaused', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.pause_subscription is 'Keeps a subscription where it is until it is resumed.';
