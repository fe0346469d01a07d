-- The assignments of an update that takes all columns of a table, but for one that stays, from the row "f".
create or replace function pulp.rebuild_assignments(relation regclass, but_for name default null) returns text
language sql stable as $$
  select string_agg(format('%1$I = f.%1$I', a.attname), ', ')
  from pg_attribute a
  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attname is distinct from but_for
$$;
comment on function pulp.rebuild_assignments is 'The assignments of an update that takes all columns of a table, but for one, from the row "f".';
