-- Compares what pulp.task_flow says with the rows of tasks, as of one moment. Reads all tasks.
create or replace function pulp.miscounted_tasks() returns table (queue text, name text, phase text, counted bigint, there bigint)
language sql stable as $$
  select queue, name, phase, coalesce(c.tasks, 0), coalesce(t.tasks, 0)
  from pulp.counted_tasks() c
  full join (
    select x.queue collate "C" as queue, x.name collate "C" as name, pulp.task_phase(x, d.task_id is not null) as phase, count(*) as tasks
    from pulp.task x left join pulp.deferred d on d.task_id = x.id
    group by 1, 2, 3
  ) t using (queue, name, phase)
  where coalesce(c.tasks, 0) <> coalesce(t.tasks, 0)
$$;
comment on function pulp.miscounted_tasks is 'Where pulp.task_flow says anything else than the rows of tasks.';
