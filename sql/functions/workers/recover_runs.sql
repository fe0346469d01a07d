-- Ends the runs whose worker is over: of one worker, or of all. A run belongs to the incarnation that was there when it
-- started, so that it is over with that one whatever became of the name. A task that somebody else holds locked (a cancel in
-- a transaction that is not over) is not waited for: it is recovered by the resource manager's next look. A worker that says when it stops
-- what it has in hand, by fences, had not heard of other runs: no code of theirs has begun, and they are interrupted. Gives how many
-- runs were ended, as which event.
create or replace function pulp.recover_runs(of_worker text default null, in_hand bigint[] default null) returns table (worker text, type text, runs bigint)
language plpgsql set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  locked uuid[];
  rows tid[];
  workers text[];
  types text[];
  facts jsonb[];
  claiming boolean[];
begin
  select array_agg(t.id) into locked
    from pulp.running r
    left join pulp.worker w on w.name = r.worker
    cross join lateral (
      select x.id from pulp.task x
      where x.id = r.task_id and x.state in ('running', 'canceling') and (w.state = 'online' and x.fence > w.incarnation) is not true
      for no key update skip locked
    ) t
    where of_worker is null or r.worker = of_worker;
  if locked is null then
    return;
  end if;

  -- Looked at again, now that they stand still: one may have been started anew since.
  select array_agg(ended.row), array_agg((ended.task).worker), array_agg(pulp.has_claims(ended.task)), array_agg(ended.ends_with),
    array_agg(case
      when ended.ends_with = 'TaskInterrupted' then jsonb_build_object(
        'reason', ended.reason, 'by', 'shutdown', 'worker', (ended.task).worker, 'position', (ended.task).position)
      else jsonb_strip_nulls(jsonb_build_object(
        'worker_lost', nullif(ended.lost, false),
        'reason', case ended.ends_with when 'TaskCanceled' then coalesce((ended.task).cancel_reason, ended.reason) end,
        'error', case when ended.ends_with <> 'TaskCanceled' then jsonb_build_object('name', 'Error') || case
            when ended.is_poisonous then jsonb_build_object('code', 'POISONOUS', 'message',
              format('%s This task has cost %s workers: it is not tried again.', ended.reason, pulp.most_lost_workers()))
            else jsonb_build_object('code', 'WORKER_LOST', 'message', ended.reason) end end,
        'run_after', case ended.ends_with when 'TaskRetryScheduled' then clock_timestamp() end)) end)
    into rows, workers, claiming, types, facts
    from (
      select o.*, after.*,
        format(case when o.lost then 'Worker %s has gone missing.' else 'Worker %s was stopped.' end, (o.task).worker) as reason
      from (
        select t.row, t.task, w.state is distinct from 'offline' as lost
        from unnest(locked) as l(id)
        cross join lateral (select x.ctid as row, x as task from pulp.task x where x.id = l.id offset 0) t
        left join pulp.worker w on w.name = (t.task).worker
        where (t.task).state in ('running', 'canceling') and (w.state = 'online' and (t.task).fence > w.incarnation) is not true
        offset 0
      ) o
      left join pulp.task_type k on k.name = (o.task).name
      cross join lateral pulp.run_after_loss(
        (o.task).state, k.on_worker_loss, case when (o.task).fence <> all (in_hand) then 'requeue' else k.on_worker_stop end,
        (o.task).lost_workers, o.lost) after
      offset 0
    ) ended;
  if rows is null then
    return;
  end if;
  perform pulp.wake_lines(pulp.end_runs(rows, types, facts, claiming));
  return query
    select e.worker, e.type, count(*) from unnest(workers, types) as e(worker, type) group by e.worker, e.type order by 1, 2;
end $$;
comment on function pulp.recover_runs is 'Ends the runs whose worker is over.';
