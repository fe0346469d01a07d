-- Ends the pauses whose time is over; says when the next one ends. For the leader.
create or replace function pulp.end_pauses() returns timestamptz
language plpgsql as $$
begin
  if exists (select from pulp.pause p where p.until <= clock_timestamp()) then
    lock table pulp.pause in share row exclusive mode;
    perform pulp.end_pause(p.kind, p.name, 'its time is over') from pulp.pause p where p.until <= clock_timestamp();
  end if;
  return (select min(p.until) from pulp.pause p where p.until is not null);
end $$;
comment on function pulp.end_pauses is 'Ends the pauses whose time is over; says when the next one ends.';
