-- The rule that an event of a task breaks where it follows what the task is by then, of those that the events of each task keep among themselves; null if it
-- is in order. grants: how many were not released. One expression, so that the planner puts it into the fold of the stream. A stream without its
-- beginning is not judged: of it, stream_readable tells.
create or replace function pulp.broken_rule(
  task pulp.task, grants integer, position_before bigint, event_position bigint, event_type text, event_data jsonb
) returns text
language sql immutable parallel safe as $$
  select case
    when task.version is null then null
    when event_position < position_before then 'positions_rise'
    when task.id is null -- it was purged
      or task.finished_at is not null and event_type not in ('TaskPurged', 'TaskRequeued', 'UniqueKeyReleased') then 'final_once'
    when event_type = 'TaskStarted' then case
      when task.state <> 'waiting' then 'one_run_at_a_time'
      when (event_data -> 'attempt')::integer is distinct from task.attempt + 1 then 'attempts_counted'
      when grants <> 1 and pulp.has_claims(task) then 'run_without_reservation' end
    when event_type = 'TaskRequeued' and task.finished_at is null then 'requeued_from_end'
    when event_type in ('TaskCompleted', 'TaskFailed', 'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed')
        and task.state not in ('running', 'canceling')
      or event_type = 'TaskRequeued' and (event_data -> 'had_run')::boolean = (task.worker is null) then 'one_run_at_a_time'
    when grants <> 0 and event_type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped', 'TaskRetryScheduled', 'TaskInterrupted',
      'TaskSnoozed', 'TaskRequeued') then 'claims_released' end
$$;
comment on function pulp.broken_rule is 'The rule that an event of a task breaks; null if it is in order.';
