-- Where for how long things are kept is not what the log tells.
create or replace function pulp.fold_retention_differences() returns table (stream text, told pulp.retention, there pulp.retention)
language sql stable as $$
  select pulp.retention_stream(kind, name), t.told, x.there
  from (select r.kind, r.name, r as told from pulp.retention_at() r) t
  full join (select r.kind, r.name, r as there from pulp.retention r) x using (kind, name)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_retention_differences is 'Where for how long things are kept is not what the log tells.';
