-- The stream of the system in which the pauses of something are.
create or replace function pulp.pause_stream(kind text, name text) returns text
language sql immutable parallel safe as $$
  select format('pause/%s/%s', kind, name)
$$;
comment on function pulp.pause_stream is 'The stream of the system in which the pauses of something are.';
