-- One step of fold_task: an aggregate cannot take the fold in, and calling it as it is costs ten times as much.
create or replace function pulp.evolve_task_step(task pulp.task, event pulp.event) returns pulp.task
language plpgsql immutable parallel safe as $$
begin
  return pulp.task_after(task, event.position, event.stream_id, event.version, event.type, event.data, event.correlation_id,
    event.recorded_at);
end $$;
comment on function pulp.evolve_task_step is 'One step of fold_task.';
