-- Grants all claims of these locked, waiting tasks, decides where they go, and delivers them.
create or replace function pulp.grant_tasks(ids uuid[]) returns void
language plpgsql as $$
declare
  tasks pulp.task[];
  events pulp.event[];
begin
  select array_agg(a.task order by (a.task).position), array_agg(a.event order by (a.task).position)
    into tasks, events
    from pulp.append_task_events(
      ids, array_fill('ReservationGranted'::text, array[cardinality(ids)]),
      array(select jsonb_build_object('queue', q) from unnest(pulp.route_tasks(ids)) with ordinality as q order by q.ordinality)) a;

  with claim as (
    delete from pulp.reservation_waiting w
    using (
      select found.row, e as event
      from unnest(events) as e
      -- "offset 0" here and elsewhere holds the planner to this direction: one probe of the index for each.
      cross join lateral (
        select x.ctid as row from pulp.reservation_waiting x where x.task_id = e.stream_id::uuid offset 0
      ) found
    ) of_task
    where w.ctid = of_task.row
    returning pulp.evolve_reservation(w::pulp.reservation, of_task.event) as granted
  ),
  reservation as (
    insert into pulp.reservation_granted select (claim.granted).* from claim
    returning resource
  )
  insert into pulp.resource (name)
  select distinct resource from reservation
  where not exists (select from pulp.resource known where known.name = reservation.resource)
  on conflict (name) do nothing;

  perform pulp.deliver(tasks);
end $$;
comment on function pulp.grant_tasks is 'Grants all claims of waiting tasks and delivers the tasks.';
