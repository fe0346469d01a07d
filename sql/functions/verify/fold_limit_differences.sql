-- Where limits of resources are not what the log tells.
create or replace function pulp.fold_limit_differences() returns table (stream text, told pulp.resource_limit, there pulp.resource_limit)
language sql stable as $$
  select 'limit/' || resource, t.told, x.there
  from (select l.resource, l as told from pulp.limit_at() l) t
  full join (select l.resource, l as there from pulp.resource_limit l) x using (resource)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_limit_differences is 'Where limits of resources are not what the log tells.';
