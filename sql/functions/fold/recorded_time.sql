-- A time among the facts of an event. They bear their offset, so that unlike other texts they mean the same in any session.
create or replace function pulp.recorded_time(fact jsonb) returns timestamptz
language plpgsql immutable strict parallel safe as $$
begin
  return (fact #>> '{}')::timestamptz;
end $$;
comment on function pulp.recorded_time is 'A time among the facts of an event.';
