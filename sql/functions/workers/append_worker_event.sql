-- Appends an event to a worker's stream and folds it into its row. The caller holds the row's lock. Gives the row after it.
create or replace function pulp.append_worker_event(worker text, known pulp.worker, type text, facts jsonb) returns pulp.worker
language plpgsql as $$
#variable_conflict use_column
declare
  event pulp.event;
  after pulp.worker;
begin
  perform pulp.know_era();
  perform pulp.need_event_leaf('event_system');
  begin
    insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
      values ('worker', worker, coalesce(known.version, 0) + 1, append_worker_event.type, facts, pulp.actor())
      returning * into event;
  exception
    when unique_violation then -- there was no row yet that could be locked
      raise exception 'somebody else has just brought worker "%" online', worker using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end;
  after := pulp.evolve_worker(known, event);
  if known.name is null then
    insert into pulp.worker select after.*;
  else
    -- No column of the key: a statement of the worker itself holds the row meanwhile, and is not to be waited for.
    execute format('update pulp.worker x set %s from (select ($1).*) f where x.name = f.name',
      pulp.rebuild_assignments('pulp.worker', 'name')) using after;
  end if;
  return after;
end $$;
comment on function pulp.append_worker_event is 'Appends an event to a worker''s stream and folds it into its row.';
