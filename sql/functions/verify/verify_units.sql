-- Rule units_apart: with each grant of a resource there were, at that time, enough units for all that were held of it, by the log. It needs
-- the whole log, but only of resources that ever had a capacity.
create or replace function pulp.verify_units() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set work_mem = '64MB' as $$
begin
  if not exists (
    select from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'limit/' and 'limit0' and e.type = 'CapacityChanged'
  ) then
    return;
  end if;
  return query
    with change as materialized (
      select e.data ->> 'resource' as resource, e.position, (e.data ->> 'capacity')::integer as capacity,
        lead(e.position, 1, 9223372036854775807) over (partition by e.stream_id order by e.version) as until
      from pulp.event_single e
      where e.stream_kind = 'system' and e.stream_id between 'limit/' and 'limit0' and e.type = 'CapacityChanged'
    ),
    claim as materialized (
      select e.stream_id, resource, (e.data -> 'options' -> 'units' ->> resource)::integer as units
      from pulp.event e cross join lateral jsonb_array_elements_text(e.data -> 'shared_resources') as resource
      where e.stream_kind = 'task' and e.type = 'TaskEnqueued' and resource in (select change.resource from change)
      union all
      select e.stream_id, resource, (e.data -> 'options' -> 'units' ->> resource)::integer
      from pulp.event_single e cross join lateral jsonb_array_elements_text(e.data -> 'shared_resources') as resource
      where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0' and e.type = 'HoldRequested'
        and resource in (select change.resource from change)
    ),
    step as (
      select e.stream_id, e.position, e.type from pulp.event e
      where e.stream_kind = 'task' and e.type in ('ReservationGranted', 'ReservationReleased')
      union all
      select e.stream_id, e.position, e.type from pulp.event_single e
      where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0'
        and (e.type = 'HoldGranted' or e.type = 'HoldReleased' and e.version > 2) -- one that left the line had nothing
    ),
    moment as (
      select claim.resource, e.stream_id, e.position, e.type,
        sum(case when e.type in ('ReservationGranted', 'HoldGranted') then 1 else -1 end * coalesce(claim.units, 1))
          over (partition by claim.resource order by e.position rows unbounded preceding) as held
      from step e join claim on claim.stream_id = e.stream_id
    )
    select 'units_apart', case when m.type = 'HoldGranted' then 'system' else 'task' end, m.stream_id, format('of %s there were not enough units when it was granted some, at position %s', m.resource, m.position),
      jsonb_build_object('units', change.capacity), jsonb_build_object('units', m.held)
    from moment m join change on change.resource = m.resource and m.position > change.position and m.position < change.until
    where m.type in ('ReservationGranted', 'HoldGranted') and m.held > change.capacity;
end $$;
comment on function pulp.verify_units is 'Whether there were enough units for all that was granted, in the whole log.';
