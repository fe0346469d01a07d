-- What an event does to a pause: the only place that says so. Null: there is none.
create or replace function pulp.evolve_pause(pause pulp.pause, event pulp.event) returns pulp.pause
language plpgsql immutable parallel safe as $$
begin
  case
    when event.type in ('QueuePaused', 'TypePaused', 'ResourcePaused', 'AllPaused') then
      pause.kind := event.data ->> 'kind';
      pause.name := event.data ->> 'name';
      pause.reason := event.data ->> 'reason';
      pause.actor := event.actor;
      pause.since := event.recorded_at;
      pause.until := pulp.recorded_time(event.data -> 'until');
      pause.version := event.version;
      return pause;
    when event.type in ('QueueResumed', 'TypeResumed', 'ResourceResumed', 'AllResumed') then
      return null;
  end case;
end $$;
comment on function pulp.evolve_pause is 'What an event does to a pause.';
