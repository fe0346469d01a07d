-- What an event does to the limits of a resource: the only place that says so.
create or replace function pulp.evolve_limit(known pulp.resource_limit, event pulp.event) returns pulp.resource_limit
language plpgsql immutable parallel safe as $$
begin
  known.resource := event.data ->> 'resource';
  case event.type
    when 'CapacityChanged' then
      known.capacity := (event.data ->> 'capacity')::integer;
    when 'RateChanged' then
      known.rate := (event.data ->> 'rate')::integer;
      known.per_seconds := (event.data ->> 'per_seconds')::double precision;
  end case;
  known.actor := event.actor;
  known.reason := event.data ->> 'reason';
  known.since := event.recorded_at;
  known.version := event.version;
  return known;
end $$;
comment on function pulp.evolve_limit is 'What an event does to the limits of a resource.';
