-- Where groups are not what the log tells.
create or replace function pulp.fold_group_differences() returns table (stream text, told pulp.created_group, there pulp.created_group)
language sql stable as $$
  select pulp.group_stream(id), t.told, x.there
  from (select g.id, g as told from pulp.group_at() g) t
  full join (select g.id, g as there from pulp.created_group g) x using (id)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_group_differences is 'Where groups are not what the log tells.';
