-- Ends a worker that is marked online, and its runs as their task types say: cancelled, failed, or tried again (but a
-- task that has cost three workers is failed). The event comes first: it raises the worker's fence, so that nothing more is accepted from it. Then what is left of its session
-- is ended, and only then its claims are let go of. Where an incarnation is given, a later birth of that name is left
-- alone. Gives how many runs it had.
create or replace function pulp.end_worker(
  worker text, farewell_type text, clean boolean, reason text, incarnation bigint default null
) returns integer
language plpgsql as $$
#variable_conflict use_column
declare
  known pulp.worker;
  gone pulp.worker;
  farewell pulp.event;
  lost constant boolean := farewell_type = 'WorkerMissing';
  rows tid[];
  types text[];
  facts jsonb[];
  claiming boolean[];
begin
  select * into known from pulp.worker w where w.name = end_worker.worker for no key update;
  if known.state is distinct from 'online' or known.incarnation <> end_worker.incarnation then
    return 0;
  end if;
  insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
    values ('worker', worker, known.version + 1, farewell_type, jsonb_build_object('normal_shutdown', clean), pulp.actor())
    returning * into farewell;
  gone := pulp.evolve_worker(known, farewell);
  update pulp.worker w set state = gone.state, missing = gone.missing, gracefully_stopped = gone.gracefully_stopped,
    finish_rate = gone.finish_rate, version = gone.version
    where w.name = end_worker.worker;
  perform pulp.end_session(s.backend_pid) from pulp.worker_sessions() s
    where s.worker = end_worker.worker and s.backend_pid <> pg_backend_pid();

  perform from pulp.task t
    where t.id in (select r.task_id from pulp.running r where r.worker = end_worker.worker)
    order by t.id for no key update;
  select array_agg(t.ctid), array_agg(pulp.has_claims(t)), array_agg(ended.type),
    array_agg(jsonb_strip_nulls(jsonb_build_object(
      'worker_lost', nullif(lost, false),
      'reason', case ended.type when 'TaskCanceled' then coalesce(t.cancel_reason, end_worker.reason) end,
      'error', case when ended.type <> 'TaskCanceled' then jsonb_build_object('name', 'Error') || case
          when ended.is_poisonous then jsonb_build_object('code', 'POISONOUS', 'message',
            end_worker.reason || ' It is the third worker that this task has cost: it is not tried again.')
          else jsonb_build_object('code', 'WORKER_LOST', 'message', end_worker.reason) end end,
      'run_after', case ended.type when 'TaskRetryScheduled' then clock_timestamp() end)))
    into rows, claiming, types, facts
    from pulp.running r
    join pulp.task t on t.id = r.task_id and t.state in ('running', 'canceling')
    left join pulp.task_type k on k.name = t.name
    cross join lateral (
      select wish = 'retry' and lost and t.lost_workers >= 2 as is_poisonous, case
          when wish = 'retry' and not (lost and t.lost_workers >= 2) then 'TaskRetryScheduled'
          when wish = 'cancel' then 'TaskCanceled'
          else 'TaskFailed' end as type
      from (select case t.state when 'canceling' then 'cancel' else coalesce(k.on_worker_loss, 'cancel') end as wish) w
    ) ended
    where r.worker = end_worker.worker;
  if rows is null then
    return 0;
  end if;
  perform pulp.end_runs(rows, types, facts, claiming);
  return cardinality(rows);
end $$;
comment on function pulp.end_worker is 'Ends a worker and its runs; gives how many.';
