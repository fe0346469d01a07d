-- The stream of the system in which the events of a group are.
create or replace function pulp.group_stream(id text) returns text
language sql immutable parallel safe as $$
  select 'group/' || id
$$;
comment on function pulp.group_stream is 'The stream of the system in which the events of a group are.';
