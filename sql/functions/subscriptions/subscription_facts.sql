-- What the log tells of a subscription: all but how far it has come, and how that goes.
create or replace function pulp.subscription_facts(subscription pulp.subscription) returns jsonb
language sql immutable parallel safe as $$
  select to_jsonb(subscription) - array['cursor', 'given', 'read_at', 'failures', 'failing_since', 'last_error', 'next_attempt_at', 'lease_until']
$$;
comment on function pulp.subscription_facts is 'What the log tells of a subscription.';
