-- What an event of a task does to one of its claims: the only place that says so. Takes a claim with resource, mode and
-- units filled in for a task that is not in line; gives null for a claim that is gone. One expression, as evolve_task is.
create or replace function pulp.evolve_reservation(claim pulp.reservation, event pulp.event) returns pulp.reservation
language sql immutable parallel safe as $$
  select case
    when event.type in ('ReservationReleased', 'TaskCanceled', 'TaskFailed', 'TaskSkipped') then null
    -- Takes its place in line when it is due.
    when event.type = 'TaskEnqueued' and event.data ->> 'run_after' is not null then null
    when event.type in ('TaskEnqueued', 'TaskDue', 'TaskRequeued') then row(
      claim.resource, event.stream_id::uuid, claim.mode, 'waiting', event.position, event.recorded_at, claim.granted_at, claim.units
    )::pulp.reservation
    -- Takes its old place again.
    when event.type = 'TaskInterrupted' then row(
      claim.resource, event.stream_id::uuid, claim.mode, 'waiting', (event.data ->> 'position')::bigint, event.recorded_at,
      claim.granted_at, claim.units
    )::pulp.reservation
    when event.type = 'ReservationGranted' then row(
      claim.resource, claim.task_id, claim.mode, 'granted', claim.position, claim.requested_at, event.recorded_at, claim.units
    )::pulp.reservation
    else claim
  end
$$;
comment on function pulp.evolve_reservation is 'What an event of a task does to one of its claims.';
