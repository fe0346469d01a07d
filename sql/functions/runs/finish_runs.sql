-- Records how runs ended, of those that the worker still owns: see finish, which takes the same items. Gives the ids and types of
-- the events that end them, the ids of items that are not recorded, those of them that are fenced, and the claims let go of. The
-- caller wakes their lines and gives back the session's locks.
create or replace function pulp.finish_runs(
  worker text, incarnation bigint, items jsonb,
  out ids uuid[], out types text[], out unsettled uuid[], out fenced uuid[], out released pulp.reservation[]
)
language plpgsql as $$
#variable_conflict use_column
declare
  rows tid[];
  facts jsonb[];
  claiming boolean[];
  reporting uuid[];
  reports jsonb[];
  now constant timestamptz := clock_timestamp();
begin
  perform pulp.check_incarnation(finish_runs.worker, finish_runs.incarnation);
  items := pulp.bounded_reports(items);

  select array_agg(run.row), array_agg(run.has_claims), array_agg(run.id), array_agg(run.type), array_agg(case run.type
      when 'TaskCompleted' then jsonb_build_object('result', run.item -> 'result')
      when 'TaskFailed' then jsonb_build_object('error', run.item -> 'error')
      when 'TaskRetryScheduled' then
        jsonb_build_object('error', run.item -> 'error', 'run_after', now + pulp.retry_delay(run.attempt, run.name))
      when 'TaskSnoozed' then jsonb_build_object('reason', run.item -> 'reason',
        'run_after', now + least((run.item ->> 'seconds')::double precision, 3155760000) * interval '1 s')
      when 'TaskInterrupted' then jsonb_build_object(
        'reason', run.item -> 'reason', 'by', run.item -> 'by', 'worker', finish_runs.worker, 'position', run.position)
      else jsonb_build_object('reason', coalesce(run.cancel_reason, run.item ->> 'reason'),
        'outcome', case when run.outcome in ('interrupted', 'snoozed') then 'canceled' else run.outcome end) end),
      array_agg(run.id) filter (where run.item ?| array['progress', 'reports', 'created']),
      array_agg(run.item) filter (where run.item ?| array['progress', 'reports', 'created'])
    into rows, claiming, ids, types, facts, reporting, reports
    from (
      select t.row, t.has_claims, t.id, t.name, t.cancel_reason, t.attempt, t.position, r.item, r.outcome, case
          when t.state = 'canceling' or r.outcome = 'canceled' then 'TaskCanceled'
          when r.outcome = 'completed' then 'TaskCompleted'
          when r.outcome = 'interrupted' then 'TaskInterrupted'
          when r.outcome = 'snoozed' then 'TaskSnoozed'
          when t.attempt <= t.retries and (r.item ->> 'retry')::boolean is not false then 'TaskRetryScheduled'
          else 'TaskFailed' end as type
      from (
        select (i.item ->> 'id')::uuid as id, i.item, i.item ->> 'outcome' as outcome
        from jsonb_array_elements(items) as i(item) offset 0
      ) r
      cross join lateral (
        select x.id, x.name, x.state, x.attempt, x.retries, x.cancel_reason, x.position, pulp.has_claims(x) as has_claims, x.ctid as row
        from pulp.task x
        where x.id = r.id and pulp.owns_run(finish_runs.worker, x, r.item)
        for no key update skip locked
      ) t
      offset 0
    ) run;

  if coalesce(cardinality(ids), 0) < jsonb_array_length(items) then
    unsettled := array(
      select r.id from (select (i.item ->> 'id')::uuid as id from jsonb_array_elements(items) as i(item)) r
      where r.id <> all (coalesce(ids, '{}')));
    fenced := array(
      select r.id from (select (i.item ->> 'id')::uuid as id, i.item from jsonb_array_elements(items) as i(item) offset 0) r
      where r.id = any (unsettled)
        and not exists (select from pulp.task t where t.id = r.id and pulp.owns_run(finish_runs.worker, t, r.item)));
  end if;
  if ids is null then
    return;
  end if;
  if types && array['TaskSnoozed', 'TaskInterrupted'] then
    perform pulp.refuse_vague_ends(types, facts);
  end if;

  if reporting is not null and pulp.record_reports(reporting, reports) then
    rows := array( -- they have moved
      select x.ctid from unnest(ids) with ordinality as i(id, ordinality)
      cross join lateral (select t.ctid from pulp.task t where t.id = i.id offset 0) x
      order by i.ordinality);
  end if;
  released := pulp.end_runs(rows, types, facts, claiming);
end $$;
comment on function pulp.finish_runs is 'Records how runs ended, of those that the worker still owns.';
