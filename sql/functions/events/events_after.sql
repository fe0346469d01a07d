-- The next events of the log after a cursor, that of the event that was read last (see event_cursor); `0:0` is the beginning. Only what
-- is decided: an event is shown when every transaction that could still put one before it has ended, so a reader that goes on
-- from the last cursor misses none and sees none twice. Narrow it by these parameters, not by a condition on what it gives,
-- where there are many: a stream is found by its index, and of the leaves only those since that time are read.
create or replace function pulp.events_after(
  after text default '0:0', max_events integer default 1000, kinds text[] default '{task,worker,resource,system}',
  stream text default null, since timestamptz default '-infinity'
) returns setof pulp.event
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  horizon constant xid8 := pulp.log_horizon();
  after_tx xid8;
  after_position bigint;
begin
  perform pulp.check_reads_log();
  if not kinds <@ '{task,worker,resource,system,heartbeat}' then
    raise exception '% has a kind that there is not', kinds using errcode = 'PU004',
      hint = 'Kinds are task, worker, resource, system and heartbeat.';
  end if;
  select c.tx, c.position into after_tx, after_position from pulp.read_cursor(after, horizon) c;
  if (after_tx, after_position) = (horizon, 0::bigint) then
    return; -- nothing was decided since
  end if;

  kinds := array(select distinct unnest(kinds));
  if stream is null then
    return query
      select e.*
      from (
        (
          select x.*, b."session_user"
          from (
            -- From the batch on that holds the cursor's position.
            select b.* from pulp.event_batch b
            where 'task' = any (kinds) and b.recorded_at >= since
              and (b.tx, b.first) > (after_tx, after_position - pulp.block_size()) and b.tx < horizon
            order by b.tx, b.first
          ) b
          cross join lateral pulp.batch_events(b) x
          where (x.tx, x.position) > (after_tx, after_position)
          limit max_events
        )
        union all
        (
          -- Kinds one by one: of one that stands in an array it could not be told which leaves have none.
          select s.* from pulp.event_single s
          where s.stream_kind in (kinds[1], kinds[2], kinds[3], kinds[4], kinds[5]) and s.recorded_at >= since
            and (s.tx, s.position) > (after_tx, after_position) and s.tx < horizon
          order by s.tx, s.position limit max_events
        )
      ) e
      order by e.tx, e.position limit max_events;
  else
    return query
      select e.*
      from (
        select s.* from pulp.event_single s
        where s.stream_id = stream and s.stream_kind <> 'heartbeat' and s.stream_kind <> 'task' and s.stream_kind = any (kinds)
          and s.recorded_at >= since
        union all
        select h.* from pulp.history(case when pulp.is_uuid(stream) and 'task' = any (kinds) then stream::uuid end) h
        where h.recorded_at >= since
        offset 0 -- the whole stream by its index, not the whole log in its order
      ) e
      where (e.tx, e.position) > (after_tx, after_position) and e.tx < horizon
      order by e.tx, e.position limit max_events;
  end if;
end $$;
comment on function pulp.events_after is 'The next events of the log after a cursor, each exactly once.';
