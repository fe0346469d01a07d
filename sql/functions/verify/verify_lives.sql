-- Rules that the events of each task keep among themselves, in one pass over them: positions_rise, final_once,
-- requeued_from_end, one_run_at_a_time, attempts_counted, run_without_reservation, claims_released. Slice and list as in fold_tasks. Streams
-- without their beginning are not judged here: of them, stream_readable tells.
create or replace function pulp.verify_lives(slice integer default null, slices integer default null, only_ids uuid[] default null)
returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select broken.rule, 'task', moment.stream_id,
      format('event %s, %s at position %s: %s', moment.version, moment.type, moment.position, broken.problem),
      broken.expected, broken.actual
    from (
      select e.stream_id, e.version, e.position, e.type, e.is_start, e.is_end, e.is_again,
        case when e.is_start then (e.data -> 'attempt')::integer end as attempt,
        lag(e.position) over life as position_before,
        lag(e.type) over life as type_before,
        lag(e.is_end) over life as ended_before,
        first_value(e.version) over life as first_version,
        count(*) filter (where e.is_start) over life as starts,
        count(*) filter (where e.had_no_run) over life as ends_without_run,
        count(*) filter (where e.is_again) over life as retries,
        count(*) filter (where e.type in ('TaskInterrupted', 'TaskSnoozed')) over life as interruptions,
        count(*) filter (where e.type = 'ReservationGranted') over life
          - count(*) filter (where e.type = 'ReservationReleased') over life as holds,
        bool_or(e.claims) over life as claims
      from (
        select x.stream_id, x.version, x.position, x.type, x.data,
          x.type = 'TaskStarted' as is_start,
          x.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped') as is_end,
          x.type in ('TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed', 'TaskRequeued') as is_again,
          x.type = 'TaskRequeued' and x.data -> 'had_run' = 'false' as had_no_run,
          case when x.type = 'TaskEnqueued' then
            x.data -> 'exclusive_resources' <> '[]' or x.data -> 'shared_resources' <> '[]' end as claims
        from pulp.task_events(verify_lives.slice, verify_lives.slices, verify_lives.only_ids) x
      ) e
      window life as (partition by e.stream_id order by e.version rows unbounded preceding)
    ) moment
    cross join lateral (
      select 'positions_rise', 'it follows one of a greater position', null::jsonb,
        jsonb_build_object('position', moment.position, 'position_before', moment.position_before)
      where moment.position < moment.position_before
      union all
      select 'final_once', format('the task had ended by %s', moment.type_before), null, null
      where moment.ended_before and moment.type not in ('TaskPurged', 'TaskRequeued', 'UniqueKeyReleased')
      union all
      select 'requeued_from_end', 'the task had not ended', null, null
      where moment.type = 'TaskRequeued' and moment.ended_before is not true
      union all
      select 'one_run_at_a_time', 'the run before it had not ended', null, null
      where moment.is_start and moment.starts + moment.ends_without_run - moment.retries <> 1
      union all
      select 'attempts_counted', 'the attempt is not the next one',
        jsonb_build_object('attempt', moment.starts - moment.interruptions), jsonb_build_object('attempt', moment.attempt)
      where moment.is_start and moment.attempt is distinct from moment.starts - moment.interruptions
      union all
      select 'run_without_reservation', 'its claims were not granted', null, null
      where moment.is_start and moment.claims and moment.holds <> 1
      union all
      select 'claims_released', 'its claims were granted and not released', null, null
      where (moment.is_end or moment.is_again) and moment.holds <> 0
    ) broken (rule, problem, expected, actual)
    -- Cheap tests first: nearly all are sound.
    where moment.first_version = 1 and (
      moment.position < moment.position_before
      or moment.ended_before
      or moment.type = 'TaskRequeued'
      or moment.is_start
      or moment.holds <> 0 and (moment.is_end or moment.is_again));
end $$;
comment on function pulp.verify_lives is 'Whether the events of each task are in order among themselves.';
