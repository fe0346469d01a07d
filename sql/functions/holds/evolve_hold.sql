-- What an event does to a hold: the only place that says so. Null: it is over.
create or replace function pulp.evolve_hold(hold pulp.hold, event pulp.event) returns pulp.hold
language plpgsql immutable parallel safe as $$
begin
  case event.type
    when 'HoldRequested' then
      hold.id := substr(event.stream_id, 6)::uuid;
      hold.state := 'waiting';
      hold.exclusive_resources := pulp.text_array(event.data -> 'exclusive_resources');
      hold.shared_resources := pulp.text_array(event.data -> 'shared_resources');
      hold.options := nullif(event.data -> 'options', 'null');
      hold.reason := event.data ->> 'reason';
      hold.actor := event.actor;
      hold.seconds := (event.data ->> 'seconds')::double precision;
      hold.lease_seconds := (event.data ->> 'lease_seconds')::double precision;
      hold.requested_at := event.recorded_at;
      hold.position := event.position;
    when 'HoldGranted' then
      hold.state := 'granted';
      hold.granted_at := event.recorded_at;
      hold.until := event.recorded_at + hold.seconds * interval '1 s';
      hold.fence := event.position;
    when 'HoldReleased' then
      return null;
  end case;
  hold.version := event.version;
  return hold;
end $$;
comment on function pulp.evolve_hold is 'What an event does to a hold.';
