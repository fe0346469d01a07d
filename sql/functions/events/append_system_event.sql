-- Appends to a stream of the system: what became of a leaf of the log, of a setting, or of what is paused. The caller sees to it that
-- nobody else appends to this stream meanwhile, or says after which version the event is to come, 0 for the first of its stream: then it is
-- a unique violation where somebody else was quicker. In a transaction that does not see what was committed after its beginning it is a
-- serialization failure: repeated, it does.
create or replace function pulp.append_system_event(stream text, type text, facts jsonb, after integer default null) returns pulp.event
language plpgsql as $$
declare
  event pulp.event;
begin
  perform pulp.know_era();
  perform pulp.need_event_leaf('event_system');
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
    select 'system', stream, coalesce(max(e.version), 0) + 1, append_system_event.type, facts, pulp.actor()
    from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = stream
    returning * into event;
  if event.version <> after + 1 then
    raise unique_violation using message = format('stream %s goes on after version %s already', stream, after);
  end if;
  return event;
exception
  when unique_violation then
    if current_setting('transaction_isolation') = 'read committed' then
      raise;
    end if;
    raise exception 'stream % has gone on since this transaction began', stream using errcode = 'serialization_failure',
      hint = 'Repeat the transaction.';
end $$;
comment on function pulp.append_system_event is 'Appends to a stream of the system.';
