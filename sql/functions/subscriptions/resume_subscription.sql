-- Lets a subscription go on that is paused or was stopped, from where it was.
create or replace function pulp.resume_subscription(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  known constant pulp.subscription := pulp.own_subscription(name, reason);
begin
  if known.state = 'active' then
    raise exception 'subscription "%" is not paused', name using errcode = 'PU039', hint = '`pulp subscription show` tells how it is.';
  end if;
  perform pulp.append_subscription_event(known, 'SubscriptionResumed', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.resume_subscription is 'Lets a subscription go on that is paused or was stopped.';
