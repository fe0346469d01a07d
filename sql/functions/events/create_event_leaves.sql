-- Makes the log's leaves ahead: of tasks twelve months, of the system a year, of heartbeats fourteen days. Leaves that are
-- there stay.
create or replace function pulp.create_event_leaves() returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  leaf record;
begin
  for leaf in
    select c.class, format('%s_%s', c.class, to_char(starts, c.pattern)) as name, starts, starts + c.span as ends
    from (values
      ('event_task', 'month', interval '1 month', interval '12 months', 'YYYY_MM'),
      ('event_system', 'year', interval '1 year', interval '1 year', 'YYYY'),
      ('event_heartbeat', 'day', interval '1 day', interval '14 days', 'YYYY_MM_DD')
    ) c (class, unit, span, ahead, pattern)
    cross join lateral (select date_trunc(c.unit, clock_timestamp() at time zone 'UTC') as this) n
    cross join lateral generate_series(n.this, n.this + c.ahead, c.span) as starts
  loop
    continue when to_regclass(format('pulp.%I', leaf.name)) is not null;
    perform pulp.create_event_leaf(leaf.class, leaf.name, leaf.starts at time zone 'UTC', leaf.ends at time zone 'UTC');
  end loop;
end $$;
comment on function pulp.create_event_leaves is 'Makes the log''s leaves ahead.';
