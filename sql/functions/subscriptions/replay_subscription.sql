-- Sets a subscription to another place in the log: a cursor, a time, "beginning" or "now". It gets what comes after it, again or never.
create or replace function pulp.replay_subscription(name text, "from" text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  known constant pulp.subscription := pulp.own_subscription(name, reason);
begin
  perform pulp.append_subscription_event(known, 'SubscriptionReplayed',
    jsonb_build_object('cursor', pulp.place_in_log("from", known.kinds), 'reason', reason));
end $$;
comment on function pulp.replay_subscription is 'Sets a subscription to another place in the log.';
