-- Which part of the numbers for something is used up. Those that begin anew at their end (see pulp.new_resource_number) are counted by the
-- rows that have one.
create or replace function pulp.numbers_used() returns table (name text, used numeric)
language sql stable as $$
  select s.sequencename::text, coalesce(s.last_value, 0) / s.max_value::numeric
  from pg_sequences s where s.schemaname = 'pulp' and not s.cycle
  union all
  select c.relname::text, (greatest(c.reltuples, 0) / 2147483647)::numeric from pg_class c
  where c.oid in ('pulp.resource'::regclass, 'pulp.worker_name'::regclass)
$$;
comment on function pulp.numbers_used is 'Which part of the numbers for something is used up.';
