-- Marks a worker as gone, if it is not marked yet: cleanly after a shutdown, else as missing. What is left of the session
-- of a missing one is ended. Its claims are let go of, and its runs end as their task types say: cancelled, failed, or
-- tried again.
create or replace function pulp.mark_worker_offline(worker text, normal_shutdown boolean default false) returns integer
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
  gone pulp.worker;
  farewell pulp.event;
  reason constant text := format(case when normal_shutdown then 'Worker %s was stopped.' else 'Worker %s has gone missing.' end, worker);
  ids uuid[];
  types text[];
  facts jsonb[];
begin
  select * into known from pulp.worker w where w.name = mark_worker_offline.worker for no key update;
  if known.state is distinct from 'online' then
    return 0;
  end if;
  insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
    values ('worker', worker, known.version + 1, case when normal_shutdown then 'WorkerOffline' else 'WorkerMissing' end,
      jsonb_build_object('normal_shutdown', normal_shutdown), pulp.actor())
    returning * into farewell;
  gone := pulp.evolve_worker(known, farewell);
  update pulp.worker w set state = gone.state, missing = gone.missing, gracefully_stopped = gone.gracefully_stopped,
    version = gone.version
    where w.name = mark_worker_offline.worker;
  if not normal_shutdown then
    perform pg_terminate_backend(s.backend_pid) from pulp.worker_sessions() s
      where s.worker = mark_worker_offline.worker and s.backend_pid <> pg_backend_pid();
  end if;

  perform from pulp.task t
    where t.id in (select r.task_id from pulp.running r where r.worker = mark_worker_offline.worker)
    order by t.id for no key update;
  select array_agg(t.id), array_agg(lost.type), array_agg(case lost.type
      when 'TaskCanceled' then jsonb_build_object('reason', coalesce(t.cancel_reason, reason))
      when 'TaskRetryScheduled' then
        jsonb_build_object('error', jsonb_build_object('code', 'WORKER_LOST', 'message', reason), 'run_after', clock_timestamp())
      else jsonb_build_object('error', jsonb_build_object('code', 'WORKER_LOST', 'message', reason)) end)
    into ids, types, facts
    from pulp.running r
    join pulp.task t on t.id = r.task_id and t.state in ('running', 'canceling')
    left join pulp.task_type k on k.name = t.name
    cross join lateral (
      select case
        when t.state = 'canceling' then 'TaskCanceled'
        when k.on_worker_loss = 'retry' and t.attempt < 3 then 'TaskRetryScheduled'
        when k.on_worker_loss in ('retry', 'fail') then 'TaskFailed'
        else 'TaskCanceled' end as type
    ) lost
    where r.worker = mark_worker_offline.worker;
  if ids is null then
    return 0;
  end if;
  perform pulp.end_runs(ids, types, facts);
  return cardinality(ids);
end $$;
comment on function pulp.mark_worker_offline is 'Marks a worker as gone and ends its runs; gives how many.';
