-- The stream of the system in which the events of a schedule are.
create or replace function pulp.schedule_stream(name text) returns text
language sql immutable parallel safe as $$
  select 'schedule/' || name
$$;
comment on function pulp.schedule_stream is 'The stream of the system in which the events of a schedule are.';
