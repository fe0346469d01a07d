-- Which schedules are due, the longest first, and when the next one is; for the leader, who works out what follows. One look into an
-- index where none is due.
create or replace function pulp.due_schedules(at_most integer, out now timestamptz, out next_due_seconds double precision, out schedules jsonb)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_sort = off as $$
declare
  next_at timestamptz;
begin
  now := clock_timestamp();
  select s.next_at into next_at from pulp.schedule s where s.state = 'active' order by s.next_at limit 1;
  next_due_seconds := extract(epoch from next_at - now);
  if next_at <= now then
    select jsonb_agg(to_jsonb(d)) into schedules
    from (
      select s.name, s.version, s.kind, s.rule, s.time_zone, s.starts_at, s.until, s.catch_up, s.paused_at,
        s.changed_at as resumed_at, s.next_at
      from pulp.schedule s where s.state = 'active' and s.next_at <= due_schedules.now order by s.next_at limit at_most
    ) d;
  end if;
end $$;
comment on function pulp.due_schedules is 'Which schedules are due, and when the next one is.';
