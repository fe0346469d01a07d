-- Rule runs_apart: on one resource nothing else runs beside an exclusive run, and nothing else is reserved beside an
-- exclusive reservation. Who starts after another has ended has a greater position: it could not start before it saw that
-- end. It needs the whole log: what else runs on a resource is not found by an index.
create or replace function pulp.verify_runs_apart() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set work_mem = '64MB' as $$
begin
  return query
    with enqueued as materialized (
      select e.stream_id, e.data
      from pulp.event e
      where e.stream_kind = 'task' and e.type = 'TaskEnqueued'
        and (e.data -> 'exclusive_resources' <> '[]' or e.data -> 'shared_resources' <> '[]')
      union all
      select e.stream_id, e.data from pulp.event_single e
      where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0' and e.type = 'HoldRequested'
    ),
    step as (
      select m.stream_id, m.version, m.type, m.position from pulp.event m
      where m.stream_kind = 'task' and m.type in ('TaskStarted', 'ReservationGranted', 'ReservationReleased',
        'TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed')
      union all
      select m.stream_id, m.version, m.type, m.position from pulp.event_single m
      where m.stream_kind = 'system' and m.stream_id between 'hold/' and 'hold0' and m.type in ('HoldGranted', 'HoldReleased')
    ),
    span as (
      select * from (
        select m.stream_id, k.kind, m.type = k.opening as opens, m.position as starts,
          coalesce(lead(m.position) over (partition by m.stream_id, k.kind order by m.version), 9223372036854775807) as ends
        from step m
        join enqueued using (stream_id)
        join (values
          ('run', 'TaskStarted', '{TaskStarted,TaskCompleted,TaskFailed,TaskCanceled,TaskRetryScheduled,TaskInterrupted,TaskSnoozed}'::text[]),
          ('reservation', 'ReservationGranted', '{ReservationGranted,ReservationReleased,TaskCompleted,TaskFailed,TaskCanceled}'),
          ('reservation', 'HoldGranted', '{HoldGranted,HoldReleased}')
        ) k (kind, opening, bounds) on m.type = any (k.bounds)
      ) m
      where m.opens
    ),
    beside as (
      select s.*, c.resource, c.mode,
        max(s.ends) over earlier as latest_end,
        max(s.ends) filter (where c.mode = 'exclusive') over earlier as latest_exclusive_end
      from span s
      join (
        select e.stream_id, resource, 'exclusive' as mode
        from enqueued e cross join lateral jsonb_array_elements_text(e.data -> 'exclusive_resources') as resource
        union all
        select e.stream_id, resource, 'shared'
        from enqueued e cross join lateral jsonb_array_elements_text(e.data -> 'shared_resources') as resource
      ) c using (stream_id)
      window earlier as (partition by c.resource, s.kind order by s.starts rows between unbounded preceding and 1 preceding)
    )
    select 'runs_apart', case when stream_id like 'hold/%' then 'system' else 'task' end, stream_id, format('its %s of %s (%s) from position %s begins before another has ended',
        kind, resource, mode, starts),
      null::jsonb, jsonb_build_object('begins', starts, 'other_ends', nullif(other_end, 9223372036854775807))
    from (
      select beside.*, case mode when 'exclusive' then latest_end else latest_exclusive_end end as other_end from beside
    ) b
    where other_end > starts;
end $$;
comment on function pulp.verify_runs_apart is 'Whether conflicting runs and reservations were apart, in the whole log.';
