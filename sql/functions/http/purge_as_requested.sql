-- One step of a purge that is a task, see pulp.purge_tasks: what was requested for this task, and only as long as it runs.
create or replace function pulp.purge_as_requested(
  task uuid, batch integer default 1000,
  inout after_enqueued_at timestamptz default null, inout after_id uuid default null, out purged bigint
)
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  requested pulp.purge_request;
begin
  select r.* into requested
    from pulp.purge_request r join pulp.task t on t.id = r.task_id
    where r.task_id = purge_as_requested.task and t.state = 'running';
  if not found then
    raise exception 'nobody who may purge has asked for task % to do so', task using errcode = 'PU004',
      hint = 'Ask for it by POST /pulp/api/v3/tasks/purge/, or use pulp task purge.';
  end if;
  select p.after_enqueued_at, p.after_id, p.purged into after_enqueued_at, after_id, purged
    from pulp.purge_tasks(requested.finished_before, batch, requested.states, null, purge_as_requested.after_enqueued_at, purge_as_requested.after_id) p;
end $$;
comment on function pulp.purge_as_requested is 'One step of a purge that is a task.';
