-- Records how runs ended. Items are objects with id, attempt, fence, outcome (completed, failed, canceled) and result,
-- error or reason; retry false says that trying again is of no use. Accepted only from the worker that owns the runs,
-- for the attempt and token in the tasks' rows: otherwise nothing is written, and the detail names the tasks refused. A
-- run that was to be cancelled counts as cancelled however it ended: the cancel was acknowledged. A task that somebody
-- else holds locked (a cancel in a transaction that is not over) is left out: report it again. Gives the state of each of
-- the others. The session's resource locks are given back last: the runs are over, and the reservations stand until commit.
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
  fenced uuid[];
  now constant timestamptz := clock_timestamp();
begin
  perform pulp.check_incarnation(finish.worker, finish.incarnation);

  select array_agg(run.row), array_agg(run.has_claims), array_agg(run.id), array_agg(run.type), array_agg(case run.type
      when 'TaskCompleted' then jsonb_build_object('result', run.item -> 'result')
      when 'TaskFailed' then jsonb_build_object('error', run.item -> 'error')
      when 'TaskRetryScheduled' then
        jsonb_build_object('error', run.item -> 'error', 'run_after', now + pulp.retry_delay(run.attempt))
      else jsonb_build_object('reason', coalesce(run.cancel_reason, run.item ->> 'reason'), 'outcome', run.outcome) end)
    into rows, claiming, ids, types, facts
    from (
      select t.row, t.has_claims, t.id, t.cancel_reason, t.attempt, r.item, r.outcome, case
          when t.state = 'canceling' or r.outcome = 'canceled' then 'TaskCanceled'
          when r.outcome = 'completed' then 'TaskCompleted'
          when t.attempt <= t.retries and (r.item ->> 'retry')::boolean is not false then 'TaskRetryScheduled'
          else 'TaskFailed' end as type
      from (
        select (i.item ->> 'id')::uuid as id, i.item, i.item ->> 'outcome' as outcome
        from jsonb_array_elements(items) as i(item) offset 0
      ) r
      cross join lateral (
        select x.id, x.state, x.attempt, x.retries, x.cancel_reason, pulp.has_claims(x) as has_claims, x.ctid as row
        from pulp.task x
        where x.id = r.id and x.state in ('running', 'canceling') and x.worker = finish.worker
          and x.attempt = (r.item ->> 'attempt')::integer and x.fence = (r.item ->> 'fence')::bigint
        for no key update skip locked
      ) t
      offset 0
    ) run;

  if coalesce(cardinality(ids), 0) < jsonb_array_length(items) then
    fenced := array(
      select (i.item ->> 'id')::uuid from jsonb_array_elements(items) as i(item)
      left join pulp.task t on t.id = (i.item ->> 'id')::uuid
      where (t.state in ('running', 'canceling') and t.worker = finish.worker
        and t.attempt = (i.item ->> 'attempt')::integer and t.fence = (i.item ->> 'fence')::bigint) is not true);
    if fenced <> '{}' then
      perform pulp.refuse_fenced(finish.worker, fenced);
    end if;
  end if;
  if ids is null then
    return;
  end if;

  perform pulp.unlock_resources(pulp.end_runs(rows, types, facts, claiming));
  return query
    select ended.id, case ended.type
        when 'TaskCompleted' then 'completed' when 'TaskFailed' then 'failed' when 'TaskCanceled' then 'canceled'
        else 'waiting' end
    from unnest(ids, types) as ended(id, type);
end $$;
comment on function pulp.finish is 'Records how runs ended; refused unless the worker still owns them.';
