-- The assignments of an update that takes all columns of a table from the row "f".
create or replace function pulp.rebuild_assignments(relation regclass) returns text
language sql stable as $$
  select string_agg(format('%1$I = f.%1$I', a.attname), ', ')
  from pg_attribute a where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
$$;
comment on function pulp.rebuild_assignments is 'The assignments of an update that takes all columns of a table from the row "f".';
