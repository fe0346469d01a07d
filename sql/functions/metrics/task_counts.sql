-- How many tasks of each type are in each phase, by queue: where pulp.task_flow says that they are. It counts no task.
create or replace function pulp.task_counts() returns table (queue text, name text, state text, phase text, tasks bigint)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
begin
  perform pulp.check_sees_all();
  return query
    select c.queue, c.name, case when c.phase in ('delayed', 'blocked', 'claimable') then 'waiting' else c.phase end, c.phase,
      c.tasks
    from pulp.counted_tasks() c;
end $$;
comment on function pulp.task_counts is 'How many tasks of each type are in each phase, by queue.';
