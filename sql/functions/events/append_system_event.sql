-- Appends to a stream of the system: what became of a leaf of the log, or of a setting.
create or replace function pulp.append_system_event(stream text, type text, facts jsonb) returns void
language sql as $$
  select pulp.know_era();
  select pulp.need_event_leaf('event_system');
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
  select 'system', stream, coalesce(max(e.version), 0) + 1, append_system_event.type, facts, pulp.actor()
  from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = stream
$$;
comment on function pulp.append_system_event is 'Appends to a stream of the system.';
