-- What an event does to a task: the only place that says so. Projection, rebuild, verification and time travel all
-- fold with it, by pulp.evolve_task. Takes null for a task that does not exist yet; one that was purged has no id any more.
--
-- One expression, so that the planner puts it into the query that calls it: a field of the new row then costs what it takes
-- to compute it, and neither row nor event is ever made. For that, the event is given as pulp.task_event of what can be read
-- more than once: columns and variables.
--
-- The fields stand in the physical order of pulp.task's columns: one that a migration adds comes last here.
--
-- The planner takes all of it in again for each field that a query asks for, which is what a session's first statements take longest for.
-- So the event comes in parts here, not as a row of which each part would be taken; and statements that store what this fold makes write
-- /*columns pulp.task changed by TYPE, ...*/ where they know the types, and ask for these columns alone; else /*columns pulp.task*/. The lists are
-- put in when they are loaded. A text that is a part goes by the collation of all parts, which is not that of the column that it is for.
create or replace function pulp.task_after(
  task pulp.task, event_position bigint, event_stream_id text, event_version integer, event_type text, event_data jsonb,
  event_correlation_id text, event_recorded_at timestamptz
) returns pulp.task
language sql immutable parallel safe as $$
  select row(
    /* id */ case event_type
      when 'TaskEnqueued' then event_stream_id::uuid
      when 'TaskPurged' then null
      else task.id end,
    /* name */ case event_type when 'TaskEnqueued' then event_data ->> 'name' else task.name end,
    /* state */ case event_type
      when 'TaskEnqueued' then 'waiting'
      when 'TaskStarted' then 'running'
      when 'TaskCompleted' then 'completed'
      when 'TaskFailed' then 'failed'
      when 'TaskCanceled' then 'canceled'
      when 'TaskCancelRequested' then 'canceling'
      when 'TaskRetryScheduled' then 'waiting'
      when 'TaskInterrupted' then 'waiting'
      when 'TaskRequeued' then 'waiting'
      when 'TaskSnoozed' then 'waiting'
      when 'TaskSkipped' then 'skipped'
      else task.state end,
    /* queue */ case when event_type in ('TaskEnqueued', 'ReservationGranted', 'TaskRerouted')
      then event_data ->> 'queue' else task.queue end,
    /* args */ case event_type when 'TaskEnqueued' then event_data -> 'args' else task.args end,
    /* kwargs */ case event_type when 'TaskEnqueued' then event_data -> 'kwargs' else task.kwargs end,
    /* exclusive_resources */ case event_type
      when 'TaskEnqueued' then case event_data -> 'exclusive_resources'
        when '[]' then '{}' else pulp.text_array(event_data -> 'exclusive_resources') end
      else task.exclusive_resources end,
    /* shared_resources */ case event_type
      when 'TaskEnqueued' then case event_data -> 'shared_resources'
        when '[]' then '{}' else pulp.text_array(event_data -> 'shared_resources') end
      else task.shared_resources end,
    /* worker */ case event_type
      when 'TaskStarted' then event_data ->> 'worker'
      when 'TaskRetryScheduled' then null
      when 'TaskInterrupted' then null
      when 'TaskRequeued' then null
      when 'TaskSnoozed' then null
      else task.worker end,
    /* attempt */ case event_type
      when 'TaskEnqueued' then 0
      when 'TaskStarted' then (event_data ->> 'attempt')::integer
      when 'TaskInterrupted' then task.attempt - 1
      when 'TaskSnoozed' then task.attempt - 1
      else task.attempt end,
    /* lost_workers */ case
      when event_type in ('TaskEnqueued', 'TaskRequeued') then 0
      when event_type in ('TaskCanceled', 'TaskFailed', 'TaskRetryScheduled') and event_data ? 'worker_lost'
        then task.lost_workers + 1
      else task.lost_workers end,
    /* fence */ case
      when event_type = 'TaskStarted' then event_position
      when event_type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed') then null
      else task.fence end,
    /* priority */ case when event_type in ('TaskEnqueued', 'TaskReprioritized')
      then (event_data ->> 'priority')::integer else task.priority end,
    /* retries */ case event_type when 'TaskEnqueued' then (event_data ->> 'retries')::integer else task.retries end,
    /* timeout_seconds */ case event_type
      when 'TaskEnqueued' then (event_data ->> 'timeout_seconds')::double precision
      else task.timeout_seconds end,
    /* run_after */ case when event_type in ('TaskEnqueued', 'TaskRetryScheduled', 'TaskSnoozed', 'DependenciesMet')
      then pulp.recorded_time(event_data -> 'run_after')
      -- Not null, as of every task that came into line more than once.
      when event_type in ('TaskInterrupted', 'TaskRequeued') then event_recorded_at
      else task.run_after end,
    /* parent_id */ case event_type when 'TaskEnqueued' then (event_data ->> 'parent_id')::uuid else task.parent_id end,
    /* group_id */ case event_type when 'TaskEnqueued' then event_data ->> 'group_id' else task.group_id end,
    /* correlation_id */ case event_type when 'TaskEnqueued' then event_correlation_id collate "default" else task.correlation_id end,
    /* result */ case event_type when 'TaskCompleted' then event_data -> 'result' else task.result end,
    /* error */ case event_type
      when 'TaskCompleted' then null
      when 'TaskFailed' then event_data -> 'error'
      when 'TaskRetryScheduled' then event_data -> 'error'
      else task.error end,
    /* cancel_reason */ case event_type
      when 'TaskCancelRequested' then event_data ->> 'reason'
      when 'TaskCanceled' then coalesce(event_data ->> 'reason', task.cancel_reason)
      when 'TaskSkipped' then event_data ->> 'reason'
      when 'TaskRequeued' then null
      else task.cancel_reason end,
    /* progress */ case event_type
      when 'TaskStarted' then null
      when 'TaskProgressed' then event_data -> 'progress'
      else task.progress end,
    /* enqueued_at */ case event_type when 'TaskEnqueued' then event_recorded_at else task.enqueued_at end,
    /* unblocked_at */ case event_type
      when 'TaskEnqueued' then case
        when event_data -> 'exclusive_resources' = '[]' and event_data -> 'shared_resources' = '[]'
        then nullif(greatest(event_recorded_at, pulp.recorded_time(event_data -> 'run_after')), 'infinity') end
      when 'ReservationGranted' then event_recorded_at
      when 'TaskRetryScheduled' then case when not pulp.has_claims(task) then pulp.recorded_time(event_data -> 'run_after') end
      when 'TaskSnoozed' then case when not pulp.has_claims(task) then pulp.recorded_time(event_data -> 'run_after') end
      when 'DependenciesMet' then case when not pulp.has_claims(task) then pulp.recorded_time(event_data -> 'run_after') end
      when 'TaskInterrupted' then case when not pulp.has_claims(task) then event_recorded_at end
      when 'TaskRequeued' then case when not pulp.has_claims(task) then event_recorded_at end
      else task.unblocked_at end,
    /* started_at */ case event_type when 'TaskStarted' then event_recorded_at else task.started_at end,
    /* finished_at */ case
      when event_type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped') then event_recorded_at
      when event_type = 'TaskRequeued' then null
      else task.finished_at end,
    /* position */ case when event_type in ('TaskEnqueued', 'TaskDue', 'TaskRequeued') then event_position else task.position end,
    /* version */ case when event_version = coalesce(task.version, 0) + 1 and event_type in (
        'TaskEnqueued', 'TaskDue', 'ReservationGranted', 'TaskRerouted', 'TaskStarted', 'TaskProgressed',
        'TaskCancelRequested', 'ReservationReleased', 'TaskCompleted', 'TaskFailed', 'TaskCanceled',
        'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed', 'TaskRequeued', 'TaskReprioritized', 'UniqueKeyReleased', 'ProgressReported', 'ResourcesCreated',
        'DependenciesMet', 'TaskSkipped', 'TaskPurged')
      then event_version
      else pulp.refuse_task_event(coalesce(task.version, 0), event_version, event_type, event_stream_id) end,
    /* interruptions */ case
      when event_type in ('TaskEnqueued', 'TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskSnoozed', 'TaskSkipped') then 0
      when event_type = 'TaskInterrupted' then task.interruptions + 1
      else task.interruptions end,
    /* owner */ case event_type when 'TaskEnqueued' then event_data ->> 'owner' else task.owner end,
    /* trace_context */ case event_type when 'TaskEnqueued' then event_data -> 'trace_context' else task.trace_context end,
    /* options */ case event_type when 'TaskEnqueued' then event_data -> 'options' else task.options end,
    /* unique_key */ case
      when event_type = 'TaskEnqueued' then event_data ->> 'unique_key'
      when event_type = 'UniqueKeyReleased' then null
      when task.unique_key is null then null
      when event_type = 'TaskStarted'
        then case when pulp.keeps_unique_key(task.options, 'running', event_recorded_at) then task.unique_key end
      when event_type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped')
        then case when pulp.keeps_unique_key(task.options, 'completed', event_recorded_at) then task.unique_key end
      else task.unique_key end,
    /* reported */ case
      when event_type in ('ProgressReported', 'ResourcesCreated')
        then pulp.reported_after(task.reported, event_type, event_data)
      when event_type in ('TaskStarted', 'TaskRequeued', 'TaskCompleted', 'TaskFailed', 'TaskCanceled')
        then case when task.reported is not null then pulp.reported_after(task.reported, event_type, event_data) end
      else task.reported end,
    /* went_wrong */ case
      when event_type in ('TaskFailed', 'TaskRetryScheduled', 'TaskCanceled', 'TaskSkipped') then true
      when event_type = 'TaskRequeued' then case when task.error is not null then true end
      when event_type = 'TaskCompleted' then null
      else task.went_wrong end
  )::pulp.task
$$;
comment on function pulp.task_after is 'What an event does to a task, given in parts.';
