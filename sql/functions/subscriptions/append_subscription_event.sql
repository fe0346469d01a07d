-- Appends an event to the stream of a subscription, whose row the caller has locked, and folds it into the row.
create or replace function pulp.append_subscription_event(known pulp.subscription, type text, facts jsonb) returns void
language plpgsql as $$
declare
  after constant pulp.subscription :=
    pulp.evolve_subscription(known, pulp.append_system_event(pulp.subscription_stream(known.name), type, facts));
begin
  if after.name is null then
    delete from pulp.subscription s where s.name = known.name;
  else
    update pulp.subscription s set state = after.state, reason = after.reason, changed_at = after.changed_at,
      changed_by = after.changed_by, version = after.version, cursor = after.cursor, failures = after.failures,
      failing_since = after.failing_since, last_error = after.last_error, next_attempt_at = after.next_attempt_at,
      lease_until = after.lease_until
      where s.name = known.name;
  end if;
  perform pulp.notify('pulp_grant', 'webhooks') where known.url is not null;
end $$;
comment on function pulp.append_subscription_event is 'Appends an event to the stream of a subscription and folds it into its row.';
