-- Which tasks brought a task about: the one that enqueued it, the one that enqueued that one, and so on; a thousand at most.
create or replace function pulp.ancestors(task uuid) returns setof uuid
language sql stable rows 5 as $$
  with recursive line as (
    select t.parent_id as id, 1 as distance from pulp.task t where t.id = ancestors.task
    union all
    select t.parent_id, line.distance + 1 from line join pulp.task t on t.id = line.id where line.distance < 1000
  )
  select line.id from line where line.id is not null
$$;
comment on function pulp.ancestors is 'Which tasks brought a task about: the one that enqueued it, and so on.';
