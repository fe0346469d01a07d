-- Has a task run again that failed, was canceled or skipped; one that waits or runs stays as it is. Gives the state after it. A
-- completed task is refused, and an unknown one.
create or replace function pulp.retry(task uuid, reason text default null) returns text
language plpgsql as $$
declare
  state text;
begin
  select r.state into state from pulp.retry_tasks(array[task], reason) r;
  if not found then
    raise exception 'there is no task %', task using errcode = 'PU002', hint = 'Check the id: pulp task list shows those known.';
  elsif state = 'completed' then
    raise exception 'task % is completed', task using errcode = 'PU024', hint = 'Enqueue another one with its arguments.';
  end if;
  return state;
end $$;
comment on function pulp.retry is 'Has a task run again that failed, was canceled or skipped; gives its state after it.';
