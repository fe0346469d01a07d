-- Where a task is, as pulp.task_flow counts it: its state; of one that waits, for what.
create or replace function pulp.task_phase(task pulp.task, is_deferred boolean) returns text
language sql immutable parallel safe as $$
  select case
    when task.state <> 'waiting' then task.state
    when is_deferred then 'delayed'
    when task.unblocked_at is null and pulp.has_claims(task) then 'blocked'
    else 'claimable' end
$$;
comment on function pulp.task_phase is 'Where a task is: its state; of one that waits, for what.';
