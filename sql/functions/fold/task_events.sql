-- The events of tasks: of one slice of so many (see pulp.is_in_slice), of a list, or, where neither is named, of all.
create or replace function pulp.task_events(slice integer, slices integer, only_ids uuid[]) returns setof pulp.event
language sql stable as $$
  select e.* from pulp.event e
  where e.stream_kind = 'task' and only_ids is null and pulp.is_in_slice(e.stream_id, slice, slices)
  union all
  select h.* from pulp.histories(only_ids) h
$$;
comment on function pulp.task_events is 'The events of tasks, of a slice of them, or of a list.';
