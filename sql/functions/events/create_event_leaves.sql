-- Makes the log's leaves ahead: of tasks twelve months, of the system a year, of heartbeats fourteen days; and the one before
-- this one, of heartbeats two, since a clock may be put back. Leaves that are there stay, and those of the past that were
-- dropped do not come back.
create or replace function pulp.create_event_leaves() returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pulp.need_event_leaf(l.class, l.moment)
  from (
    select c.class, (date_trunc(c.unit, n.now) + number * ('1 ' || c.unit)::interval) at time zone 'UTC' as moment,
      number < 0 as is_past
    from (values ('event_batch', 'month', 1, 12), ('event_system', 'year', 1, 1), ('event_heartbeat', 'day', 2, 14))
      c (class, unit, behind, ahead)
    cross join (select clock_timestamp() at time zone 'UTC' as now) n
    cross join lateral generate_series(-c.behind, c.ahead) as number
    order by c.class = 'event_system' desc, c.class, number -- which of them were dropped stands among events of the system
  ) l
  where not (l.is_past and exists (
    select from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id = pulp.event_leaf_name(l.class, l.moment) and e.type = 'LeafDropped'));
end $$;
comment on function pulp.create_event_leaves is 'Makes the log''s leaves ahead, and one or two behind.';
