-- What an event does to a subscription: the only place that says so. Null: there is none. How far it has come is no event: only
-- where it begins is, and to where it was set back.
create or replace function pulp.evolve_subscription(subscription pulp.subscription, event pulp.event) returns pulp.subscription
language plpgsql immutable parallel safe as $$
declare
  data constant jsonb := event.data;
begin
  if event.version <> coalesce(subscription.version, event.version - 1) + 1 then
    raise exception 'event % of % cannot follow its version %', event.version, event.stream_id, subscription.version
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;
  case event.type
    when 'SubscriptionCreated' then
      subscription.name := data ->> 'name';
      subscription.kinds := pulp.text_array(data -> 'kinds');
      subscription.types := case when data -> 'types' <> 'null' then pulp.text_array(data -> 'types') end;
      subscription.names := case when data -> 'names' <> 'null' then pulp.text_array(data -> 'names') end;
      subscription.stream := data ->> 'stream';
      subscription.url := data ->> 'url';
      subscription.give_up_seconds := (data ->> 'give_up_seconds')::double precision;
      subscription.owner := data ->> 'owner';
      subscription.state := 'active';
      subscription.created_at := event.recorded_at;
      subscription.cursor := data ->> 'cursor';
      subscription.given := 0;
    when 'SubscriptionPaused' then
      subscription.state := 'paused';
    when 'SubscriptionStopped' then
      subscription.state := 'stopped';
    when 'SubscriptionResumed' then
      subscription.state := 'active';
    when 'SubscriptionReplayed' then
      subscription.cursor := data ->> 'cursor';
    when 'SubscriptionDeleted' then
      return null;
    else
      raise exception 'unknown event type % on %', event.type, event.stream_id
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;
  if event.type <> 'SubscriptionPaused' then -- what failed is tried anew
    subscription.failures := 0;
    subscription.failing_since := null;
    subscription.last_error := null;
    subscription.next_attempt_at := null;
    subscription.lease_until := null;
  end if;
  subscription.reason := data ->> 'reason';
  subscription.changed_at := event.recorded_at;
  subscription.changed_by := event.actor;
  subscription.version := event.version;
  return subscription;
end $$;
comment on function pulp.evolve_subscription is 'What an event does to a subscription.';
