-- The next events for a subscription: at most so many, and at most so many bytes of facts, but for the first; the place that was
-- reached by them; and whether nothing more was decided then. All of one snapshot. Where only some events are wanted, a call looks at
-- some 30,000 at most: then it gives none, and has got on all the same.
create or replace function pulp.next_events(
  subscription pulp.subscription, at_most integer, most_bytes bigint,
  out events pulp.event[], out reached text, out caught_up boolean
)
language plpgsql stable set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  types constant text[] := subscription.types;
  names constant text[] := subscription.names;
  horizon constant text := pulp.event_horizon();
  window_size integer := at_most;
  seen pulp.event[];
  last pulp.event;
  number integer;
  bytes bigint;
begin
  reached := subscription.cursor;
  if 'task' = any (subscription.kinds) then
    perform pulp.check_kept(reached);
  end if;
  for look in 1..5 loop
    seen := array(select e from pulp.events_after(reached, window_size, subscription.kinds, subscription.stream) e);
    last := seen[window_size];
    events := seen;
    if types is not null or names is not null then
      events := array(
        select e from unnest(seen) e
        where (types is null or e.type = any (types)) and (names is null or pulp.task_name(e.stream_id::uuid, e.data) = any (names))
        limit at_most);
    end if;
    number := cardinality(events);
    if (select sum(pg_column_size(e.data)) from unnest(events) e) > most_bytes then
      bytes := 0;
      for place in 1..number loop
        bytes := bytes + pg_column_size((events[place]).data);
        if bytes > most_bytes and place > 1 then
          events := events[:place - 1];
          exit;
        end if;
      end loop;
    end if;
    if number = at_most or cardinality(events) < number then -- there may be more of them in what was looked at
      last := events[cardinality(events)];
    end if;
    reached := case when last is null then horizon else pulp.event_cursor(last.tx, last."position") end;
    caught_up := reached = horizon;
    exit when events <> '{}' or caught_up;
    window_size := least(window_size * 10, 10000);
  end loop;
end $$;
comment on function pulp.next_events is 'The next events for a subscription.';
