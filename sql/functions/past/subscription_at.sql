-- The subscriptions as the log tells them: which there are, but not how far each has come. Their streams lie one behind the other in the
-- index of the log.
create or replace function pulp.subscription_at(at timestamptz default null) returns setof pulp.subscription
language sql stable as $$
  select (f.subscription).*
  from (
    select pulp.fold_subscription(row(e.*)::pulp.event order by e.version) as subscription
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'subscription/' and 'subscription0'
      and (e.recorded_at <= subscription_at.at or subscription_at.at is null)
    group by e.stream_id
    offset 0
  ) f
  where (f.subscription).name is not null
$$;
comment on function pulp.subscription_at is 'The subscriptions, or what they were at a time, as the log tells.';
