-- Appends to the stream of a leaf of the log itself: what became of it.
create or replace function pulp.append_leaf_event(leaf text, type text, facts jsonb) returns void
language sql as $$
  select pulp.know_era();
  select pulp.need_event_leaf('event_system');
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
  select 'system', leaf, coalesce(max(e.version), 0) + 1, append_leaf_event.type, facts, pulp.actor()
  from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = leaf
$$;
comment on function pulp.append_leaf_event is 'Appends to the stream of a leaf of the log.';
