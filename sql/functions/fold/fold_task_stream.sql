-- Folds all events of one task, in their order: the task, and one of its claims without resource and mode, for they are all
-- alike (null if none is in line or held), and what breaks a rule on the way: see pulp.broken_rule. No task is told of one that was purged.
-- A stream that the folds refuse (a gap, an unknown type, facts of another shape) spoils no other: the refusal is given.
create or replace function pulp.fold_task_stream(
  events pulp.event[], out task pulp.task, out claim pulp.reservation, out refusal text, out broken pulp.violation[]
)
language plpgsql immutable strict as $$
declare
  is_purged constant boolean := (events[cardinality(events)]).type = 'TaskPurged';
  event pulp.event;
  grants integer := 0; -- that were not released
  position_before bigint := 0;
  rule text;
begin
  if is_purged and (events[1]).version > 1 then
    return; -- its first events have left the log
  end if;
  foreach event in array events loop
    rule := pulp.broken_rule(task, grants, position_before, event.position, event.type, event.data);
    if rule is not null then
      broken := broken || pulp.rule_broken(rule, task, position_before, event);
    end if;
    position_before := event.position;
    -- In parts: a part that is taken of a row is taken each time that the fold asks for it. The types that most events have are
    -- written out, for what the others change is left out of the fold then, which takes a third off its time.
    case event.type
      when 'TaskStarted' then
        task := pulp.task_after(task, event.position, event.stream_id, event.version, 'TaskStarted', event.data, event.correlation_id,
          event.recorded_at);
      when 'TaskEnqueued' then
        task := pulp.task_after(task, event.position, event.stream_id, event.version, 'TaskEnqueued', event.data, event.correlation_id,
          event.recorded_at);
      when 'TaskCompleted' then
        task := pulp.task_after(task, event.position, event.stream_id, event.version, 'TaskCompleted', event.data, event.correlation_id,
          event.recorded_at);
      when 'ReservationGranted' then
        grants := grants + 1;
        task := pulp.task_after(task, event.position, event.stream_id, event.version, 'ReservationGranted', event.data,
          event.correlation_id, event.recorded_at);
      when 'ReservationReleased' then
        grants := grants - 1;
        task := pulp.task_after(task, event.position, event.stream_id, event.version, 'ReservationReleased', event.data,
          event.correlation_id, event.recorded_at);
      else
        task := pulp.task_after(task, event.position, event.stream_id, event.version, event.type, event.data, event.correlation_id,
          event.recorded_at);
    end case;
  end loop;
  if is_purged then
    task := null;
  elsif task.finished_at is null and pulp.has_claims(task) then
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
