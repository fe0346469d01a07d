-- One task as it was at a time, see task_at(timestamptz): no row if it was not there. Reads its stream alone.
create or replace function pulp.task_at(at timestamptz, task uuid) returns setof pulp.task
language sql stable as $$
  select (told.task).*
  from (
    select pulp.fold_task(e.event order by (e.event).version) as task
    from (
      select x as event, row_number() over (order by x.version) as ordinal
      from pulp.history(task_at.task) x
      where x.recorded_at <= task_at.at
    ) e
    where (e.event).version = e.ordinal
  ) told
  where (told.task).id is not null
$$;
comment on function pulp.task_at(timestamptz, uuid) is 'A task as it was at a time, folded from what was recorded by then.';
