-- What an event of a task does to one of its claims: the only place that says so. Takes a claim with resource and mode
-- filled in for a task that is not in line; gives null for a claim that is gone.
create or replace function pulp.evolve_reservation(claim pulp.reservation, event pulp.event) returns pulp.reservation
language plpgsql immutable parallel safe as $$
begin
  case event.type
    when 'TaskEnqueued', 'TaskDue' then
      if event.type = 'TaskEnqueued' and event.data ->> 'run_after' is not null then
        return null; -- takes its place in line when it is due
      end if;
      claim.task_id := event.stream_id::uuid;
      claim.state := 'waiting';
      claim.position := event.position;
      claim.requested_at := event.recorded_at;
      return claim;
    when 'ReservationGranted' then
      claim.state := 'granted';
      claim.granted_at := event.recorded_at;
      return claim;
    when 'ReservationReleased', 'TaskCanceled', 'TaskFailed', 'TaskSkipped' then
      return null;
    else
      return claim;
  end case;
end $$;
comment on function pulp.evolve_reservation is 'What an event of a task does to one of its claims.';
