-- The next events for a subscription: at most so many, and at most so many bytes of facts, but for the first; the place that was
-- reached by them; and whether nothing more was decided then. All of one snapshot. Where only some events are wanted, a call looks at
-- 50,000 at most: then it gives none, and has got on all the same.
create or replace function pulp.next_events(
  subscription pulp.subscription, at_most integer, most_bytes bigint default null,
  out events pulp.event[], out reached text, out caught_up boolean
)
language plpgsql stable set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  types constant text[] := subscription.types;
  names constant text[] := subscription.names;
  looked constant integer := case when types is null and names is null then at_most else 10000 end;
  horizon constant text := pulp.event_horizon();
begin
  reached := subscription.cursor;
  caught_up := false;
  if 'task' = any (subscription.kinds) then
    perform pulp.check_kept(reached);
  end if;
  for look in 1..5 loop
    with seen as materialized (
      select e.*
      from pulp.events_after(reached, looked, subscription.kinds, subscription.stream) with ordinality e
    ),
    matching as materialized (
      select s.*, row_number() over (order by s.ordinality) as place,
        case when most_bytes is not null then sum(pg_column_size(s.data)) over (order by s.ordinality) - pg_column_size(s.data) end as bytes_before
      from seen s
      where (types is null or s.type = any (types)) and (names is null or pulp.task_name(s.stream_id::uuid, s.data) = any (names))
    ),
    kept as materialized (
      select * from matching m where m.place <= at_most and coalesce(m.bytes_before < most_bytes, true)
    )
    select
        (select array_agg(row(k."position", k.tx, k.stream_kind, k.stream_id, k.version, k.type, k.schema_version, k.data,
          k.correlation_id, k.causation_id, k.actor, k.recorded_at, k."session_user")::pulp.event order by k.ordinality) from kept k),
        coalesce(
          case when (select count(*) from kept) < (select count(*) from matching)
            then (select pulp.event_cursor(k.tx, k."position") from kept k order by k.ordinality desc limit 1)
            else (select pulp.event_cursor(s.tx, s."position") from seen s where s.ordinality = looked) end,
          horizon)
      into events, reached;
    caught_up := reached = horizon;
    exit when events is not null or caught_up;
  end loop;
end $$;
comment on function pulp.next_events is 'The next events for a subscription.';
