-- A sign of life of a worker that has no session here: a process that is watched by its heartbeats alone. One that is not
-- online comes online by it. Gives whether it did.
create or replace function pulp.mark_worker_online(worker text) returns boolean
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  perform pulp.check_worker_name(worker);
  select * into known from pulp.worker w where w.name = mark_worker_online.worker for no key update;
  if known.state = 'online' then
    perform pulp.heartbeat(array[worker], array[known.incarnation]);
    return false;
  end if;
  begin
    perform pulp.append_worker_event(
      worker, known, 'WorkerOnline', '{"host": "", "pid": 0, "queues": [], "concurrency": 0, "task_types": []}');
  exception
    when serialization_failure then
      return false; -- somebody else was quicker, whose sign of life it has
  end;
  return true;
end $$;
comment on function pulp.mark_worker_online is 'A sign of life of a worker that has no session here; gives whether it came online.';
