-- Rule runs_apart: on one resource nothing else runs beside an exclusive run, and nothing else is reserved beside an
-- exclusive reservation. Who starts after another has ended has a greater position: it could not start before it saw that
-- end. It needs the whole log: what else runs on a resource is not found by an index.
create or replace function pulp.verify_runs_apart() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set work_mem = '64MB' as $$
begin
  return query
    with claimant as materialized (
      select e.stream_id, e.data -> 'exclusive_resources' as exclusive, e.data -> 'shared_resources' as shared
      from pulp.event e
      where e.stream_kind = 'task' and e.type = 'TaskEnqueued'
        and (e.data -> 'exclusive_resources' <> '[]' or e.data -> 'shared_resources' <> '[]')
      union all
      select e.stream_id, e.data -> 'exclusive_resources', e.data -> 'shared_resources' from pulp.event_single e
      where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0' and e.type = 'HoldRequested'
    ),
    step as (
      select m.stream_id, m.version, m.type, m.position from pulp.event m
      where m.stream_kind = 'task' and m.type in ('TaskStarted', 'ReservationGranted', 'ReservationReleased',
        'TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed')
        and m.stream_id in (select c.stream_id from claimant c)
      union all
      select m.stream_id, m.version, m.type, m.position from pulp.event_single m
      where m.stream_kind = 'system' and m.stream_id between 'hold/' and 'hold0' and m.type in ('HoldGranted', 'HoldReleased')
    ),
    span as (
      select m.stream_id, case m.type when 'TaskStarted' then 'run' else 'reservation' end as kind, m.position as starts,
        coalesce(case m.type when 'TaskStarted' then m.run_ends else m.reservation_ends end, 9223372036854775807) as ends
      from (
        select step.*,
          min(position) filter (where type not in ('ReservationGranted', 'ReservationReleased')) over later as run_ends,
          min(position) filter (where type in ('ReservationGranted', 'ReservationReleased', 'HoldGranted', 'HoldReleased',
            'TaskCompleted', 'TaskFailed', 'TaskCanceled')) over later as reservation_ends
        from step
        window later as (partition by stream_id order by version desc rows between unbounded preceding and 1 preceding)
      ) m
      where m.type in ('TaskStarted', 'ReservationGranted', 'HoldGranted')
    ),
    beside as (
      select s.*, c.resource, c.mode,
        max(s.ends) over earlier as latest_end,
        max(s.ends) filter (where c.mode = 'exclusive') over earlier as latest_exclusive_end
      from span s
      join claimant using (stream_id)
      cross join lateral (
        select r collate "C" as resource, 'exclusive' as mode from jsonb_array_elements_text(claimant.exclusive) r
        union all
        select r, 'shared' from jsonb_array_elements_text(claimant.shared) r
      ) c
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
