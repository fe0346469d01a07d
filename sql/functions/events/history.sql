-- The stream of one task, in its order: what happened to it, as far as the log reaches. Found by the log's own index, whatever
-- has become of the task's row. Where owners are apart, a caller is given those of his own tasks.
create or replace function pulp.history(task uuid) returns setof pulp.event
language sql stable rows 5 security definer set search_path = pulp, pg_temp as $$
  select h.* from pulp.histories(array[task]) h
  where not pulp.are_owners_apart()
    or pulp.acts_for((select e.data ->> 'owner' from pulp.histories(array[task]) e where e.version = 1))
  order by h.version
$$;
comment on function pulp.history is 'The stream of one task, in its order.';
