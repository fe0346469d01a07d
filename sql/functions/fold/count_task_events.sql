-- How many events of tasks the log holds.
create or replace function pulp.count_task_events() returns bigint
language sql stable set jit = off as $$
  select (select coalesce(sum(b.size), 0) from pulp.event_batch b) + (select count(*) from pulp.event_task)
$$;
comment on function pulp.count_task_events is 'How many events of tasks the log holds.';
