-- Has a task run again that failed, was canceled or skipped; one that waits or runs stays as it is. Gives the state after it. A
-- completed task is refused, and an unknown one. "seen" is the position of the task as the caller saw it: see pulp.retry_tasks; one that was
-- run again since is not refused, however that ended.
create or replace function pulp.retry(task uuid, reason text default null, seen bigint default null) returns text
language plpgsql as $$
declare
  state text;
begin
  select r.state into state from pulp.retry_tasks(array[task], reason, array[seen]) r;
  if not found then
    raise exception 'there is no task %', task using errcode = 'PU002', hint = 'Check the id: pulp task list shows those known.';
  elsif state = 'completed' and (seen is null or exists (select from pulp.task t where t.id = task and t.position = seen)) then
    raise exception 'task % is completed', task using errcode = 'PU024', hint = 'Enqueue another one with its arguments.';
  end if;
  return state;
end $$;
comment on function pulp.retry is 'Has a task run again that failed, was canceled or skipped; gives its state after it.';
