-- What is to be sent to webhooks now: for each that has something new and is not being sent to, the next events, which nobody
-- else sends before the lease is over; for the leader, who tells what became of it by pulp.settle_delivery. One whose events cannot be given
-- is stopped. "more" is whether there is any webhook at all that is to be looked at again.
create or replace function pulp.take_deliveries(most_webhooks integer, lease_seconds double precision, out deliveries jsonb, out more boolean)
language plpgsql security definer set search_path = pulp, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
  now constant timestamptz := clock_timestamp();
  known pulp.subscription;
  page record;
  refusal text;
begin
  perform pulp.check_leader();
  more := exists (select from pulp.subscription s where s.url is not null and s.state = 'active');
  deliveries := '[]';
  if not more then
    return;
  end if;
  for known in
    select * from pulp.subscription s
    where s.url is not null and s.state = 'active' and coalesce(s.next_attempt_at, now) <= now and coalesce(s.lease_until, now) <= now
    order by s.read_at nulls first, s.name
    for no key update skip locked
  loop
    begin
      page := pulp.next_events(known, 100, 1000000);
      refusal := null;
    exception when sqlstate 'PU004' or sqlstate 'PU013' or sqlstate 'PU040' then
      refusal := sqlerrm;
    end;
    if refusal is not null then
      perform pulp.append_subscription_event(known, 'SubscriptionStopped', jsonb_build_object('reason', refusal));
    elsif page.events is null then
      update pulp.subscription s set cursor = page.reached, read_at = now where s.name = known.name and s.cursor <> page.reached;
    else
      update pulp.subscription s set lease_until = now + lease_seconds * interval '1 s' where s.name = known.name;
      deliveries := deliveries || jsonb_build_object('name', known.name, 'url', known.url,
        'secret', (select w.secret from pulp.webhook_secret w where w.name = known.name),
        'cursor', known.cursor, 'reached', page.reached, 'count', cardinality(page.events),
        'events', (select jsonb_agg(jsonb_build_object('cursor', pulp.event_cursor(e.tx, e.position)) || to_jsonb(e) - 'tx' - 'session_user'
          order by e.ordinality) from unnest(page.events) with ordinality e));
      exit when jsonb_array_length(deliveries) >= most_webhooks;
    end if;
  end loop;
end $$;
comment on function pulp.take_deliveries is 'What is to be sent to webhooks now.';
