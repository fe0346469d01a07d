-- Of which type a task is, also one that was purged: as an event of it says, else its row, else the log. Of one whose first events are archived,
-- the event of its purge does.
create or replace function pulp.task_name(task uuid, facts jsonb) returns text
language sql stable as $$
  select coalesce(facts ->> 'name', (select t.name from pulp.task t where t.id = task),
    (select h.data ->> 'name' from pulp.histories(array[task]) h where h.type in ('TaskEnqueued', 'TaskPurged') limit 1))
$$;
comment on function pulp.task_name is 'Of which type a task is, also one that was purged.';
