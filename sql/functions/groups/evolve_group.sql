-- What an event does to a group: the only place that says so. Null: there is none.
create or replace function pulp.evolve_group(known pulp.created_group, event pulp.event) returns pulp.created_group
language plpgsql immutable parallel safe as $$
begin
  if event.version <> coalesce(known.version, 0) + 1 then
    raise exception 'event % of % cannot follow its version %', event.version, event.stream_id, known.version
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;
  case event.type
    when 'GroupCreated' then
      known.id := event.data ->> 'id';
      known.description := event.data ->> 'description';
      known.owner := event.data ->> 'owner';
      known.dispatched := false;
      known.created_at := event.recorded_at;
      known.created_by := event.actor;
    when 'GroupDispatched' then
      known.dispatched := true;
      known.dispatched_at := event.recorded_at;
    else
      raise exception 'unknown event type % on %', event.type, event.stream_id
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;
  known.version := event.version;
  return known;
end $$;
comment on function pulp.evolve_group is 'What an event does to a group.';
