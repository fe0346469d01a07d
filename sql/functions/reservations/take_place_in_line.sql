-- Enters the claims of tasks in the wait queues of their resources, at the position of the event that brought each task there, and puts
-- the tasks that may be next on the work list of granting: one with a conflicting older claim in this batch cannot be. The first of them
-- takes the next turn of that list, each later one as many turns behind it as the earlier ones have claims: so a task that comes meanwhile
-- with few claims need not wait for all of them.
create or replace function pulp.take_place_in_line(events pulp.event[]) returns void
language plpgsql as $$
begin
  with claim as (
    insert into pulp.reservation_waiting
    select (entry.claim).* from (
      select pulp.evolve_reservation(row(c.resource, null, c.mode, null, null, null, null, c.units)::pulp.reservation, e) as claim
      from unnest(events) as e
      cross join lateral (
        select x.exclusive_resources, x.shared_resources, x.options from pulp.task x where x.id = e.stream_id::uuid offset 0
      ) t
      cross join lateral pulp.claims_of(t.exclusive_resources, t.shared_resources, t.options) c
      offset 0
    ) entry
    returning resource, task_id, mode, position
  ),
  oldest as (
    select resource, min(position) as of_all, min(position) filter (where mode = 'exclusive') as of_exclusive
    from claim group by resource
  )
  insert into pulp.wakeup (task_id, turn, claims)
  select next.task_id, arrival.turn + sum(next.claims) over (order by next.position) - next.claims, next.claims
  from (
    select claim.task_id, min(claim.position) as position, count(*) as claims
    from claim join oldest using (resource)
    group by claim.task_id
    having bool_and(case claim.mode
      when 'exclusive' then claim.position = oldest.of_all
      else claim.position < oldest.of_exclusive or oldest.of_exclusive is null end)
  ) next
  cross join (select nextval('pulp.wakeup_turn') as turn) arrival;

  perform pulp.notify('pulp_grant', '');
end $$;
comment on function pulp.take_place_in_line is 'Puts the claims of tasks in the lines of their resources.';
