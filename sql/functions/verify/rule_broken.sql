-- What is told of an event that breaks a rule: see pulp.broken_rule. The task is what it was before the event.
create or replace function pulp.rule_broken(rule text, task pulp.task, position_before bigint, event pulp.event) returns pulp.violation
language sql immutable parallel safe as $$
  select rule, 'task', event.stream_id,
    format('event %s, %s at position %s: %s', event.version, event.type, event.position, case rule
      when 'positions_rise' then 'it follows one of a greater position'
      when 'final_once' then case when task.id is null then 'the task was purged' else format('the task had ended as %s', task.state) end
      when 'requeued_from_end' then 'the task had not ended'
      when 'one_run_at_a_time' then case event.type when 'TaskStarted' then 'the run before it had not ended'
        when 'TaskRequeued' then 'whether the task had run is wrong' else 'no run had begun' end
      when 'attempts_counted' then 'the attempt is not the next one'
      when 'run_without_reservation' then 'its claims were not granted'
      when 'claims_released' then 'its claims were granted and not released' end),
    case rule when 'attempts_counted' then jsonb_build_object('attempt', task.attempt + 1) end,
    case rule
      when 'attempts_counted' then jsonb_build_object('attempt', event.data -> 'attempt')
      when 'positions_rise' then jsonb_build_object('position', event.position, 'position_before', position_before) end
$$;
comment on function pulp.rule_broken is 'What is told of an event that breaks a rule.';
