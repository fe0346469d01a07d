-- The names of the types that tasks are of and that contain a text: by the front of each name's part of the index alone. Null where there are more names than
-- so many to go through, and for those who may not see everybody's tasks.
create or replace function pulp.task_names(containing text, at_most integer) returns text[]
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  names text[] := case when pulp.sees_all() then '{}' end;
  next text := (select min(t.name) from pulp.task t);
begin
  while next is not null and cardinality(names) < at_most loop
    names := names || next;
    next := (select min(t.name) from pulp.task t where t.name > next);
  end loop;
  return case when next is null then array(select n from unnest(names) as n where strpos(n, containing) > 0) end;
end $$;
comment on function pulp.task_names is 'The names of the types that tasks are of and that contain a text.';
