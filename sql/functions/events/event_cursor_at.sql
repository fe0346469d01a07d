-- A cursor that everything recorded since that moment comes after, and little else: what transactions recorded that had
-- been open for more than an hour then may come before it.
create or replace function pulp.event_cursor_at(moment timestamptz) returns text
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return (
    select coalesce(pulp.event_cursor(l.tx, l.position), '1:0:0')
    from pulp.last_event(pulp.tx_since(moment - interval '1 hour', pulp.log_horizon())) l);
end $$;
comment on function pulp.event_cursor_at is 'A cursor shortly before the first event recorded since a moment.';
