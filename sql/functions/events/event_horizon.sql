-- The cursor of what is decided: whatever comes before it was committed or rolled back, and nothing can be added there.
create or replace function pulp.event_horizon() returns text
language sql stable as $$
  select pg_snapshot_xmin(pg_current_snapshot()) || ':0'
$$;
comment on function pulp.event_horizon is 'The cursor from which a reader of the log sees only what comes from now on.';
