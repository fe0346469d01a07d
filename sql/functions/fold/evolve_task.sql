-- What an event does to a task: the only place that says so. Projection, rebuild, verification and time travel all
-- fold with it. Takes null for a task that does not exist yet; one that was purged has no id any more.
--
-- One expression, so that the planner puts it into the query that calls it: a field of the new row then costs what it takes
-- to compute it, and neither row nor event is ever made. For that, the event is given as pulp.task_event of what can be read
-- more than once: columns and variables.
--
-- The fields stand in the physical order of pulp.task's columns: one that a migration adds comes last here. Statements that store
-- what this fold makes write /*columns pulp.task*/ for the list of columns, which is put in when they are loaded.
create or replace function pulp.evolve_task(task pulp.task, event pulp.event) returns pulp.task
language sql immutable parallel safe as $$
  select row(
    /* id */ case event.type
      when 'TaskEnqueued' then event.stream_id::uuid
      when 'TaskPurged' then null
      else task.id end,
    /* name */ case event.type when 'TaskEnqueued' then event.data ->> 'name' else task.name end,
    /* state */ case event.type
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
    /* queue */ case when event.type in ('TaskEnqueued', 'ReservationGranted', 'TaskRerouted')
      then event.data ->> 'queue' else task.queue end,
    /* args */ case event.type when 'TaskEnqueued' then event.data -> 'args' else task.args end,
    /* kwargs */ case event.type when 'TaskEnqueued' then event.data -> 'kwargs' else task.kwargs end,
    /* exclusive_resources */ case event.type
      when 'TaskEnqueued' then case event.data -> 'exclusive_resources'
        when '[]' then '{}' else pulp.text_array(event.data -> 'exclusive_resources') end
      else task.exclusive_resources end,
    /* shared_resources */ case event.type
      when 'TaskEnqueued' then case event.data -> 'shared_resources'
        when '[]' then '{}' else pulp.text_array(event.data -> 'shared_resources') end
      else task.shared_resources end,
    /* worker */ case event.type
      when 'TaskStarted' then event.data ->> 'worker'
      when 'TaskRetryScheduled' then null
      when 'TaskInterrupted' then null
      when 'TaskRequeued' then null
      when 'TaskSnoozed' then null
      else task.worker end,
    /* attempt */ case event.type
      when 'TaskEnqueued' then 0
      when 'TaskStarted' then (event.data ->> 'attempt')::integer
      when 'TaskInterrupted' then task.attempt - 1
      when 'TaskSnoozed' then task.attempt - 1
      else task.attempt end,
    /* lost_workers */ case
      when event.type in ('TaskEnqueued', 'TaskRequeued') then 0
      when event.type in ('TaskCanceled', 'TaskFailed', 'TaskRetryScheduled') and event.data ? 'worker_lost'
        then task.lost_workers + 1
      else task.lost_workers end,
    /* fence */ case
      when event.type = 'TaskStarted' then event.position
      when event.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed') then null
      else task.fence end,
    /* priority */ case when event.type in ('TaskEnqueued', 'TaskReprioritized')
      then (event.data ->> 'priority')::integer else task.priority end,
    /* retries */ case event.type when 'TaskEnqueued' then (event.data ->> 'retries')::integer else task.retries end,
    /* timeout_seconds */ case event.type
      when 'TaskEnqueued' then (event.data ->> 'timeout_seconds')::double precision
      else task.timeout_seconds end,
    /* run_after */ case when event.type in ('TaskEnqueued', 'TaskRetryScheduled', 'TaskSnoozed', 'DependenciesMet')
      then pulp.recorded_time(event.data -> 'run_after')
      -- Not null, as of every task that came into line more than once.
      when event.type in ('TaskInterrupted', 'TaskRequeued') then event.recorded_at
      else task.run_after end,
    /* parent_id */ case event.type when 'TaskEnqueued' then (event.data ->> 'parent_id')::uuid else task.parent_id end,
    /* group_id */ case event.type when 'TaskEnqueued' then event.data ->> 'group_id' else task.group_id end,
    /* correlation_id */ case event.type when 'TaskEnqueued' then event.correlation_id else task.correlation_id end,
    /* result */ case event.type when 'TaskCompleted' then event.data -> 'result' else task.result end,
    /* error */ case event.type
      when 'TaskCompleted' then null
      when 'TaskFailed' then event.data -> 'error'
      when 'TaskRetryScheduled' then event.data -> 'error'
      else task.error end,
    /* cancel_reason */ case event.type
      when 'TaskCancelRequested' then event.data ->> 'reason'
      when 'TaskCanceled' then coalesce(event.data ->> 'reason', task.cancel_reason)
      when 'TaskSkipped' then event.data ->> 'reason'
      when 'TaskRequeued' then null
      else task.cancel_reason end,
    /* progress */ case event.type
      when 'TaskStarted' then null
      when 'TaskProgressed' then event.data -> 'progress'
      else task.progress end,
    /* enqueued_at */ case event.type when 'TaskEnqueued' then event.recorded_at else task.enqueued_at end,
    /* unblocked_at */ case event.type
      when 'TaskEnqueued' then case
        when event.data -> 'exclusive_resources' = '[]' and event.data -> 'shared_resources' = '[]'
        then nullif(greatest(event.recorded_at, pulp.recorded_time(event.data -> 'run_after')), 'infinity') end
      when 'ReservationGranted' then event.recorded_at
      when 'TaskRetryScheduled' then case when not pulp.has_claims(task) then pulp.recorded_time(event.data -> 'run_after') end
      when 'TaskSnoozed' then case when not pulp.has_claims(task) then pulp.recorded_time(event.data -> 'run_after') end
      when 'DependenciesMet' then case when not pulp.has_claims(task) then pulp.recorded_time(event.data -> 'run_after') end
      when 'TaskInterrupted' then case when not pulp.has_claims(task) then event.recorded_at end
      when 'TaskRequeued' then case when not pulp.has_claims(task) then event.recorded_at end
      else task.unblocked_at end,
    /* started_at */ case event.type when 'TaskStarted' then event.recorded_at else task.started_at end,
    /* finished_at */ case
      when event.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped') then event.recorded_at
      when event.type = 'TaskRequeued' then null
      else task.finished_at end,
    /* position */ case when event.type in ('TaskEnqueued', 'TaskDue', 'TaskRequeued') then event.position else task.position end,
    /* version */ case when event.version = coalesce(task.version, 0) + 1 and event.type in (
        'TaskEnqueued', 'TaskDue', 'ReservationGranted', 'TaskRerouted', 'TaskStarted', 'TaskProgressed',
        'TaskCancelRequested', 'ReservationReleased', 'TaskCompleted', 'TaskFailed', 'TaskCanceled',
        'TaskRetryScheduled', 'TaskInterrupted', 'TaskSnoozed', 'TaskRequeued', 'TaskReprioritized', 'UniqueKeyReleased', 'ProgressReported', 'ResourcesCreated',
        'DependenciesMet', 'TaskSkipped', 'TaskPurged')
      then event.version
      else pulp.refuse_task_event(coalesce(task.version, 0), event.version, event.type, event.stream_id) end,
    /* interruptions */ case
      when event.type in ('TaskEnqueued', 'TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskRetryScheduled', 'TaskSnoozed', 'TaskSkipped') then 0
      when event.type = 'TaskInterrupted' then task.interruptions + 1
      else task.interruptions end,
    /* owner */ case event.type when 'TaskEnqueued' then event.data ->> 'owner' else task.owner end,
    /* trace_context */ case event.type when 'TaskEnqueued' then event.data -> 'trace_context' else task.trace_context end,
    /* options */ case event.type when 'TaskEnqueued' then event.data -> 'options' else task.options end,
    /* unique_key */ case
      when event.type = 'TaskEnqueued' then event.data ->> 'unique_key'
      when event.type = 'UniqueKeyReleased' then null
      when task.unique_key is null then null
      when event.type = 'TaskStarted'
        then case when pulp.keeps_unique_key(task.options, 'running', event.recorded_at) then task.unique_key end
      when event.type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped')
        then case when pulp.keeps_unique_key(task.options, 'completed', event.recorded_at) then task.unique_key end
      else task.unique_key end,
    /* reported */ case
      when event.type in ('ProgressReported', 'ResourcesCreated')
        then pulp.reported_after(task.reported, event.type, event.data)
      when event.type in ('TaskStarted', 'TaskRequeued', 'TaskCompleted', 'TaskFailed', 'TaskCanceled')
        then case when task.reported is not null then pulp.reported_after(task.reported, event.type, event.data) end
      else task.reported end,
    /* went_wrong */ case
      when event.type in ('TaskFailed', 'TaskRetryScheduled', 'TaskCanceled', 'TaskSkipped') then true
      when event.type = 'TaskRequeued' then case when task.error is not null then true end
      when event.type = 'TaskCompleted' then null
      else task.went_wrong end
  )::pulp.task
$$;
comment on function pulp.evolve_task is 'What an event does to a task.';
