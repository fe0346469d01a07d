-- Makes the log's leaves ahead: twelve months of records, fourteen days of heartbeats. Leaves that are there stay.
create or replace function pulp.create_event_leaves() returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  leaf record;
begin
  for leaf in
    select 'event_record' as class, format('event_record_%s', to_char(month, 'YYYY_MM')) as name,
      month as starts, month + interval '1 month' as ends
    from generate_series(date_trunc('month', clock_timestamp() at time zone 'UTC'),
      date_trunc('month', clock_timestamp() at time zone 'UTC') + interval '12 months', interval '1 month') as month
    union all
    select 'event_heartbeat', format('event_heartbeat_%s', to_char(day, 'YYYY_MM_DD')), day, day + interval '1 day'
    from generate_series(date_trunc('day', clock_timestamp() at time zone 'UTC'),
      date_trunc('day', clock_timestamp() at time zone 'UTC') + interval '14 days', interval '1 day') as day
  loop
    continue when to_regclass(format('pulp.%I', leaf.name)) is not null;
    execute format('create table pulp.%I partition of pulp.%I for values from (%L) to (%L)',
      leaf.name, leaf.class, leaf.starts at time zone 'UTC', leaf.ends at time zone 'UTC');
    execute format('comment on table pulp.%I is %L', leaf.name, format('Events from %s (UTC) on.', leaf.starts));
    if leaf.class = 'event_record' then
      execute format('create unique index on pulp.%I (stream_id, version, stream_kind)', leaf.name);
    end if;
    execute format('create index on pulp.%I (tx, position)', leaf.name);
    -- A statement trigger of the parent does not guard its leaves.
    execute format('create trigger append_only_truncate before truncate on pulp.%I
      for each statement execute function pulp.refuse_history_change()', leaf.name);
  end loop;
end $$;
comment on function pulp.create_event_leaves is 'Makes the log''s leaves ahead.';
