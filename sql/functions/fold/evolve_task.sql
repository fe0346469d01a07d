-- What an event does to a task: see pulp.task_after, which says it.
create or replace function pulp.evolve_task(task pulp.task, event pulp.event) returns pulp.task
language sql immutable parallel safe as $$
  select pulp.task_after(task, event.position, event.stream_id, event.version, event.type, event.data, event.correlation_id,
    event.recorded_at)
$$;
comment on function pulp.evolve_task is 'What an event does to a task.';
