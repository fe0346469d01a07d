-- Refuses a subscription that there is not, or not for the caller. Those of webhooks are for operators: they send the log elsewhere.
create or replace function pulp.check_subscriber(known pulp.subscription, name text) returns void
language plpgsql stable as $$
begin
  if known.name is null or not (pulp.acts_for(known.owner) or pulp.is_operator()) then
    raise exception 'there is no subscription "%"', name using errcode = 'PU037',
      hint = '`pulp subscription list` shows those known.';
  elsif known.url is not null and not pulp.is_operator() then
    raise exception 'subscriptions that are sent to a URL are for operators' using errcode = 'insufficient_privilege',
      hint = 'Ask a member of pulp_operator.';
  end if;
end $$;
comment on function pulp.check_subscriber is 'Refuses a subscription that there is not, or not for the caller.';
