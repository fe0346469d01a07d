-- The last event in the order of the log, or the last below a tx: of any kind. Nulls if there is none.
create or replace function pulp.last_event(below xid8 default '18446744073709551615', out tx xid8, out "position" bigint)
language plpgsql stable set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  select e.tx, e.position into tx, position
    from (
      (select b.tx, b.first + b.size - 1 as position from pulp.event_batch b
        where b.tx < below order by b.tx desc, b.first desc limit 1)
      union all
      (select s.tx, s.position from pulp.event_single s
        where s.tx < below order by s.tx desc, s.position desc limit 1)
    ) e
    order by e.tx desc, e.position desc limit 1;
end $$;
comment on function pulp.last_event is 'The last event of the log, or the last below a tx.';
