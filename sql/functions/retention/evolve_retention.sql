-- What an event does to for how long something is kept: the only place that says so. Null: nothing is said of it.
create or replace function pulp.evolve_retention(retention pulp.retention, event pulp.event) returns pulp.retention
language plpgsql immutable parallel safe as $$
begin
  case event.type
    when 'RetentionSet' then
      retention.kind := event.data ->> 'kind';
      retention.name := event.data ->> 'name';
      retention.keep := event.data -> 'keep';
      retention.actor := event.actor;
      retention.since := event.recorded_at;
      retention.version := event.version;
      return retention;
    when 'RetentionCleared' then
      return null;
  end case;
end $$;
comment on function pulp.evolve_retention is 'What an event does to for how long something is kept.';
