-- Where pauses are not what the log tells.
create or replace function pulp.fold_pause_differences() returns table (stream text, told pulp.pause, there pulp.pause)
language sql stable as $$
  select pulp.pause_stream(kind, name), t.told, x.there
  from (select p.kind, p.name, p as told from pulp.pause_at() p) t
  full join (select p.kind, p.name, p as there from pulp.pause p) x using (kind, name)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_pause_differences is 'Where pauses are not what the log tells.';
