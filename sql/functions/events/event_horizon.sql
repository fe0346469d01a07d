-- The cursor of the last event that is decided: whatever comes before it was committed or rolled back, and nothing can be added there.
create or replace function pulp.event_horizon() returns text
language sql stable security definer set search_path = pulp, pg_temp as $$
  select coalesce(pulp.event_cursor(l.tx, l.position), '1:0:0') from pulp.last_event(pulp.log_horizon()) l
$$;
comment on function pulp.event_horizon is 'The cursor from which a reader of the log sees only what comes from now on.';
