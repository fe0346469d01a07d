-- Appends an event to the stream of a schedule, whose row the caller has locked, and folds it into the row. Gives the row after it.
create or replace function pulp.append_schedule_event(known pulp.schedule, type text, facts jsonb) returns pulp.schedule
language plpgsql as $$
declare
  after constant pulp.schedule :=
    pulp.evolve_schedule(known, pulp.append_system_event(pulp.schedule_stream(known.name), type, facts));
begin
  if after.name is null then
    delete from pulp.schedule s where s.name = known.name;
  else -- in place, so that who waits for the row finds it then
    update pulp.schedule s set (/*columns pulp.schedule*/) = (select after.*) where s.name = known.name;
  end if;
  perform pulp.notify('pulp_grant', 'schedules'); -- the leader is to look when the next one comes
  return after;
end $$;
comment on function pulp.append_schedule_event is 'Appends an event to the stream of a schedule and folds it into its row.';
