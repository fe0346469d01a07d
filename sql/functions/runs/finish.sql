-- Records how runs ended. Items are objects with id, attempt, fence, outcome, and what belongs to the outcome:
--   completed    result
--   failed       error; retry false says that trying again is of no use
--   canceled     reason
--   interrupted  reason, by (shutdown, host, session): the run was ended without its fault. Its task goes back to the front of
--                its line, at no cost of an attempt
-- An item may also have progress, the last report of the run: it is recorded right before the end. A run that was to be
-- cancelled counts as cancelled however it ended: the cancel was acknowledged.
--
-- Gives a row for each item that is settled: id, and the state of the task after it (waiting, if it is tried again or was
-- interrupted); or "fenced" where the run is not this worker's any more, or not with this attempt and fence: of such an item
-- nothing is recorded, and all others are. No row for an item whose task somebody else holds locked (a cancel in a transaction
-- that is not over): report it again later. Only a worker whose incarnation is over is refused as a whole (PU001).
--
-- The session's resource locks are given back last: the runs are over, and the reservations stand until commit.
create or replace function pulp.finish(worker text, incarnation bigint, items jsonb)
returns table (id uuid, state text)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  rows tid[];
  ids uuid[];
  types text[];
  facts jsonb[];
  claiming boolean[];
  progressed uuid[];
  progress jsonb[];
  now constant timestamptz := clock_timestamp();
begin
  perform pulp.check_incarnation(finish.worker, finish.incarnation);
  items := pulp.bounded_reports(items);

  select array_agg(run.row), array_agg(run.has_claims), array_agg(run.id), array_agg(run.type), array_agg(case run.type
      when 'TaskCompleted' then jsonb_build_object('result', run.item -> 'result')
      when 'TaskFailed' then jsonb_build_object('error', run.item -> 'error')
      when 'TaskRetryScheduled' then
        jsonb_build_object('error', run.item -> 'error', 'run_after', now + pulp.retry_delay(run.attempt))
      when 'TaskInterrupted' then jsonb_build_object(
        'reason', run.item -> 'reason', 'by', run.item -> 'by', 'worker', finish.worker, 'position', run.position)
      else jsonb_build_object('reason', coalesce(run.cancel_reason, run.item ->> 'reason'),
        'outcome', case run.outcome when 'interrupted' then 'canceled' else run.outcome end) end),
      array_agg(run.id) filter (where run.item ? 'progress'),
      array_agg(jsonb_build_object('progress', run.item -> 'progress')) filter (where run.item ? 'progress')
    into rows, claiming, ids, types, facts, progressed, progress
    from (
      select t.row, t.has_claims, t.id, t.cancel_reason, t.attempt, t.position, r.item, r.outcome, case
          when t.state = 'canceling' or r.outcome = 'canceled' then 'TaskCanceled'
          when r.outcome = 'completed' then 'TaskCompleted'
          when r.outcome = 'interrupted' then 'TaskInterrupted'
          when t.attempt <= t.retries and (r.item ->> 'retry')::boolean is not false then 'TaskRetryScheduled'
          else 'TaskFailed' end as type
      from (
        select (i.item ->> 'id')::uuid as id, i.item, i.item ->> 'outcome' as outcome
        from jsonb_array_elements(items) as i(item) offset 0
      ) r
      cross join lateral (
        select x.id, x.state, x.attempt, x.retries, x.cancel_reason, x.position, pulp.has_claims(x) as has_claims, x.ctid as row
        from pulp.task x
        where x.id = r.id and pulp.owns_run(finish.worker, x, r.item)
        for no key update skip locked
      ) t
      offset 0
    ) run;

  if coalesce(cardinality(ids), 0) < jsonb_array_length(items) then
    return query
      select r.id, 'fenced'
      from (select (i.item ->> 'id')::uuid as id, i.item from jsonb_array_elements(items) as i(item) offset 0) r
      where r.id <> all (coalesce(ids, '{}'))
        and not exists (select from pulp.task t where t.id = r.id and pulp.owns_run(finish.worker, t, r.item));
  end if;
  if ids is null then
    return;
  end if;
  if exists (
    select from unnest(types, facts) as ended(type, facts)
    where ended.type = 'TaskInterrupted' and (ended.facts ->> 'by' in ('shutdown', 'host', 'session', 'leftover')) is not true
  ) then
    raise exception 'an interrupted run does not say by what' using errcode = 'PU004',
      hint = 'Give "by": shutdown, host, session or leftover.';
  end if;

  if progressed is not null then
    perform pulp.append_task_events('TaskProgressed', progressed, progress);
    rows := array( -- they have moved
      select x.ctid from unnest(ids) with ordinality as i(id, ordinality)
      cross join lateral (select t.ctid from pulp.task t where t.id = i.id offset 0) x
      order by i.ordinality);
  end if;
  perform pulp.unlock_resources(pulp.end_runs(rows, types, facts, claiming));
  return query
    select ended.id, case ended.type
        when 'TaskCompleted' then 'completed' when 'TaskFailed' then 'failed' when 'TaskCanceled' then 'canceled'
        else 'waiting' end
    from unnest(ids, types) as ended(id, type);
end $$;
comment on function pulp.finish is 'Records how runs ended, of those that the worker still owns.';
