-- What is to be sent to webhooks now: for each that has something new and is not being sent to, the body of the next message, which nobody
-- else sends before the lease is over; for the leader, who tells what became of it by pulp.settle_delivery. One whose events cannot be given
-- is stopped. "more" is whether there is any webhook that is to be looked at again. Where nothing is new nothing is written. Those that were
-- looked at longest ago come first; of those that failed last no more than "most_failing" are being sent to at once (null: any number).
create or replace function pulp.take_deliveries(
  most integer, lease_seconds double precision, most_failing integer default null, out deliveries jsonb, out more boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set enable_seqscan = off set lock_timeout = '100ms' as $$
#variable_conflict use_column
declare
  now constant timestamptz := clock_timestamp();
  known pulp.subscription;
  events pulp.event[];
  reached text;
  refusal text;
  failing integer;
begin
  perform pulp.check_leader();
  more := exists (select from pulp.subscription s where s.url is not null and s.state = 'active');
  deliveries := '[]';
  select count(*) into failing from pulp.subscription s where more and s.failures > 0 and s.lease_until > now;
  for known in
    select * from pulp.subscription s
    where more and s.url is not null and s.state = 'active' and coalesce(s.next_attempt_at, now) <= now and coalesce(s.lease_until, now) <= now
    order by greatest(s.read_at, s.next_attempt_at) nulls first, s.name
  loop
    exit when jsonb_array_length(deliveries) >= most or clock_timestamp() > now + interval '500 ms'; -- heartbeats wait behind this
    continue when known.failures > 0 and failing >= most_failing;
    begin
      select n.events, n.reached into events, reached from pulp.next_events(known, 100, 1000000) n;
      refusal := null;
    exception when sqlstate 'PU004' or sqlstate 'PU013' or sqlstate 'PU060' then
      refusal := sqlerrm;
    end;
    continue when refusal is null and reached = known.cursor;
    perform from pulp.subscription s where s.name = known.name and s.version = known.version and s.cursor = known.cursor
        and s.lease_until is not distinct from known.lease_until
      for no key update skip locked;
    continue when not found;
    if refusal is not null then
      perform pulp.append_subscription_event(known, 'SubscriptionStopped', jsonb_build_object('reason', refusal));
    elsif events = '{}' then
      update pulp.subscription s set cursor = reached, read_at = now where s.name = known.name;
    else
      update pulp.subscription s set lease_until = now + lease_seconds * interval '1 s' where s.name = known.name;
      failing := failing + (known.failures > 0)::integer;
      deliveries := deliveries || jsonb_build_object('name', known.name, 'url', known.url, 'realm', (select r.id from pulp.secret_realm r),
        'secret', (select w.secret from pulp.webhook_secret w where w.name = known.name),
        'cursor', known.cursor, 'reached', reached, 'lease', now + lease_seconds * interval '1 s', 'count', cardinality(events), 'body', jsonb_build_object(
          'subscription', known.name, 'events', (
            select jsonb_agg(jsonb_build_object('cursor', pulp.event_cursor(e.tx, e.position)) || to_jsonb(e) - 'tx')
            from unnest(events) e))::text);
    end if;
  end loop;
end $$;
comment on function pulp.take_deliveries is 'What is to be sent to webhooks now.';
