-- The stream of one task, in its order: what happened to it, as far as the log reaches. Found by the log's own index, whatever
-- has become of the task's row.
create or replace function pulp.history(task uuid) returns setof pulp.event
language sql stable rows 5 set search_path = pulp, pg_temp as $$
  select h.* from pulp.histories(array[task]) h order by h.version
$$;
comment on function pulp.history is 'The stream of one task, in its order.';
