-- The latest events of tasks before a place in the log, the last one first.
create or replace function pulp.task_events_before(before_tx xid8, before_position bigint, max_events integer) returns setof pulp.event
language plpgsql stable set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return query
    select e.*
    from (
      (
        select x.*, b."session_user"
        from (
          select b.* from pulp.event_batch b
          where (b.tx, b.first) < (before_tx, before_position)
          order by b.tx desc, b.first desc
        ) b
        cross join lateral (select y.* from pulp.batch_events(b) y order by y.position desc) x
        where (x.tx, x.position) < (before_tx, before_position)
        limit max_events
      )
      union all
      (
        select s.* from pulp.event_single s
        where s.stream_kind = 'task' and (s.tx, s.position) < (before_tx, before_position)
        order by s.tx desc, s.position desc limit max_events
      )
    ) e
    order by e.tx desc, e.position desc limit max_events;
end $$;
comment on function pulp.task_events_before is 'The latest events of tasks before a place in the log.';
