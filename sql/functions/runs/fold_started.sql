-- Folds the starts of these tasks into their rows, and counts them. Gives what the worker is told of each.
-- A function of its own, since this one join is to be hashed, and the rows found by their places alone: Postgres asks for the length of a table each
-- time that it looks at one place, but reads all the places of an array at once. The types of events are constants, so that the fold is planned as what
-- they change.
create or replace function pulp.fold_started(
  rows tid[], versions integer[], facts jsonb[], positions bigint[], tx xid8, appended_at timestamptz
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql set enable_hashjoin = on set enable_nestloop = off
set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  acting constant text := pulp.actor();
begin
  return query
    with started_task as (
      update pulp.task t set (/*columns pulp.task changed by TaskStarted*/) = row((pulp.evolve_task(t, pulp.task_event(
        f.position, tx, t.id, f.version, 'TaskStarted', f.facts, t.correlation_id, null, acting, appended_at))).*)
      from unnest(rows, versions, facts, positions) as f(row, version, facts, position)
      where t.ctid = any (rows) and t.ctid = f.row
      returning t.queue, t.name, pulp.seconds_between(greatest(t.enqueued_at, t.run_after), appended_at) as waited,
        t.id, t.args, t.kwargs, t.attempt, t.fence, t.timeout_seconds, t.parent_id, t.correlation_id, t.interruptions, t.trace_context
    ),
    counted as (
      insert into pulp.task_flow (queue, name, before, after, bucket, number, seconds)
      select s.queue, s.name, 'claimable', 'running', pulp.duration_bucket(s.waited), count(*), sum(s.waited)
      from started_task s group by s.queue, s.name, pulp.duration_bucket(s.waited)
    )
    select s.id, s.name, s.args, s.kwargs, s.attempt, s.fence, s.timeout_seconds, s.parent_id, s.correlation_id, s.interruptions,
      s.trace_context
    from started_task s;
end $$;
comment on function pulp.fold_started is 'Folds the starts of tasks into their rows.';
