-- A cursor that everything recorded since that moment comes after, and little else: what transactions recorded that had
-- been open for more than an hour then may come before it. Transactions get their numbers in the order of time, so it is
-- looked for by halving.
create or replace function pulp.event_cursor_at(moment timestamptz) returns text
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  from_tx bigint := coalesce((
    select max(e.first_tx::text::bigint) from pulp.era e where e.begun_at < moment - interval '1 hour'), 0);
  to_tx bigint := pulp.log_horizon()::text::bigint;
  middle bigint;
  recorded timestamptz;
begin
  while from_tx < to_tx loop
    middle := from_tx + (to_tx - from_tx) / 2;
    select e.recorded_at into recorded
      from (
        (select b.tx, b.first as position, b.recorded_at from pulp.event_batch b
          where b.tx >= middle::text::xid8 order by b.tx, b.first limit 1)
        union all
        (select s.tx, s.position, s.recorded_at from pulp.event_single s
          where s.tx >= middle::text::xid8 order by s.tx, s.position limit 1)
      ) e
      order by e.tx, e.position limit 1;
    if recorded < moment - interval '1 hour' then
      from_tx := middle + 1;
    else
      to_tx := middle;
    end if;
  end loop;
  return (select coalesce(pulp.event_cursor(l.tx, l.position), '1:0:0') from pulp.last_event(from_tx::text::xid8) l);
end $$;
comment on function pulp.event_cursor_at is 'A cursor shortly before the first event recorded since a moment.';
