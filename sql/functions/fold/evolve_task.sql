-- What an event does to a task: the only place that says so. Projection, rebuild, verification and time travel all
-- fold with it. Takes null for a task that does not exist yet, gives null for one that was purged.
create or replace function pulp.evolve_task(task pulp.task, event pulp.event) returns pulp.task
language plpgsql immutable parallel safe as $$
declare
  data jsonb := event.data;
begin
  if event.version <> coalesce(task.version, 0) + 1 then
    raise exception 'event % of task % cannot follow its version %', event.version, event.stream_id, coalesce(task.version, 0)
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;

  case event.type
    when 'TaskEnqueued' then
      task.id := event.stream_id::uuid;
      task.name := data ->> 'name';
      task.state := 'waiting';
      task.queue := data ->> 'queue';
      task.args := data -> 'args';
      task.kwargs := data -> 'kwargs';
      task.exclusive_resources := pulp.text_array(data -> 'exclusive_resources');
      task.shared_resources := pulp.text_array(data -> 'shared_resources');
      task.attempt := 0;
      task.lost_workers := 0;
      task.priority := (data ->> 'priority')::integer;
      task.retries := (data ->> 'retries')::integer;
      task.timeout_seconds := (data ->> 'timeout_seconds')::double precision;
      task.run_after := (data ->> 'run_after')::timestamptz;
      task.parent_id := (data ->> 'parent_id')::uuid;
      task.group_id := data ->> 'group_id';
      task.correlation_id := event.correlation_id;
      task.enqueued_at := event.recorded_at;
      if task.exclusive_resources = '{}' and task.shared_resources = '{}' then
        task.unblocked_at := greatest(event.recorded_at, task.run_after);
      end if;
      task.position := event.position;
    when 'TaskDue' then
      task.position := event.position;
    when 'ReservationGranted' then
      task.unblocked_at := event.recorded_at;
      task.queue := data ->> 'queue';
    when 'TaskStarted' then
      task.state := 'running';
      task.worker := data ->> 'worker';
      task.attempt := (data ->> 'attempt')::integer;
      task.fence := event.position;
      task.started_at := event.recorded_at;
      task.progress := null;
    when 'TaskProgressed' then
      task.progress := data -> 'progress';
    when 'TaskCancelRequested' then
      task.state := 'canceling';
      task.cancel_reason := data ->> 'reason';
    when 'ReservationReleased' then
      null; -- concerns its claims alone
    when 'TaskRerouted' then
      task.queue := data ->> 'queue';
    when 'TaskRetryScheduled' then
      task.state := 'waiting';
      task.worker := null;
      task.fence := null;
      task.error := data -> 'error';
      task.run_after := (data ->> 'run_after')::timestamptz;
      task.unblocked_at := case
        when task.exclusive_resources = '{}' and task.shared_resources = '{}' then task.run_after
      end;
    when 'TaskCompleted' then
      task.state := 'completed';
      task.fence := null;
      task.result := data -> 'result';
      task.error := null;
      task.finished_at := event.recorded_at;
    when 'TaskFailed' then
      task.state := 'failed';
      task.fence := null;
      task.error := data -> 'error';
      task.finished_at := event.recorded_at;
    when 'TaskCanceled' then
      task.state := 'canceled';
      task.fence := null;
      task.cancel_reason := coalesce(data ->> 'reason', task.cancel_reason);
      task.finished_at := event.recorded_at;
    when 'TaskSkipped' then
      task.state := 'skipped';
      task.finished_at := event.recorded_at;
    when 'TaskPurged' then
      return null;
    else
      raise exception 'unknown event type % on task %', event.type, event.stream_id
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;

  if data ? 'worker_lost' then
    task.lost_workers := task.lost_workers + 1;
  end if;
  task.version := event.version;
  return task;
end $$;
comment on function pulp.evolve_task is 'What an event does to a task.';
