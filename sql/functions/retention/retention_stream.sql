-- The stream of the system that tells for how long something is kept.
create or replace function pulp.retention_stream(kind text, name text) returns text
language sql immutable parallel safe as $$
  select format('retention/%s/%s', kind, name)
$$;
comment on function pulp.retention_stream is 'The stream of the system that tells for how long something is kept.';
