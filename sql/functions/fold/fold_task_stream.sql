-- Folds all events of one task, in their order: the task, and one of its claims without resource and mode, for they are all
-- alike (null if none is in line or held). Nothing is told of a task that was purged: its first events may be gone. A
-- stream that the folds refuse (a gap, an unknown type, facts of another shape) spoils no other: the refusal is given.
create or replace function pulp.fold_task_stream(
  events pulp.event[], out task pulp.task, out claim pulp.reservation, out refusal text
)
language plpgsql immutable strict as $$
declare
  event pulp.event;
begin
  if (events[cardinality(events)]).type = 'TaskPurged' then
    return;
  end if;
  foreach event in array events loop
    -- In parts: a part that is taken of a row is taken each time that the fold asks for it.
    task := pulp.task_after(task, event.position, event.stream_id, event.version, event.type, event.data, event.correlation_id,
      event.recorded_at);
  end loop;
  if task.finished_at is null and pulp.has_claims(task) then
    foreach event in array events loop
      claim := pulp.evolve_reservation(claim, event);
    end loop;
  end if;
exception
  when others then
    task := null;
    claim := null;
    refusal := sqlerrm;
end $$;
comment on function pulp.fold_task_stream is 'Folds all events of one task; gives a refusal instead of raising it.';
