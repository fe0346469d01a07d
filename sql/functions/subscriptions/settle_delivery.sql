-- What became of what pulp.take_deliveries gave: without an error it was taken by its receiver, and the webhook's place moves on; with one it is
-- sent again, after a second at first, after twice as long each time, at most an hour. A webhook that has failed for longer than it may
-- is stopped, at the place where it is. Says whether it was. The lease is that of the try that this tells of: of one that is over, because
-- somebody else has taken the message meanwhile or the webhook was made anew, nothing is recorded.
create or replace function pulp.settle_delivery(
  name text, cursor text, reached text, count integer, error text default null, lease timestamptz default null, out stopped boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set lock_timeout = '100ms' as $$
#variable_conflict use_column
declare
  now constant timestamptz := clock_timestamp();
  known pulp.subscription;
begin
  perform pulp.check_leader();
  stopped := false;
  select * into known from pulp.subscription s
    where s.name = settle_delivery.name and s.cursor = settle_delivery.cursor and s.lease_until is not null
      and (lease is null or s.lease_until = lease) for update;
  if known.name is null then
    return; -- it was set elsewhere, or deleted
  elsif error is null then
    update pulp.subscription s set cursor = reached, given = s.given + settle_delivery.count, read_at = now, failures = 0, failing_since = null,
      last_error = null, next_attempt_at = null, lease_until = null
      where s.name = known.name;
    return;
  end if;
  update pulp.subscription s set failures = s.failures + 1, failing_since = coalesce(s.failing_since, now), last_error = error, lease_until = null,
    next_attempt_at = now + least(3600, 2 ^ least(s.failures, 12)) * (0.75 + random() / 2) * interval '1 s'
    where s.name = known.name returning * into known;
  if known.state = 'active' and known.failing_since + known.give_up_seconds * interval '1 s' < known.next_attempt_at then
    perform pulp.append_subscription_event(known, 'SubscriptionStopped', jsonb_build_object('reason', error));
    stopped := true;
  end if;
end $$;
comment on function pulp.settle_delivery is 'What became of what was sent to a webhook.';
