-- Starts tasks for a worker: those whose jobs it took, or those whose claims are granted at the same time, which count as delivered
-- to "destinations". The rows are those of the ids, which somebody holds locked; "attempts" are those so far, "versions" those of the
-- first events to come.
create or replace function pulp.start_tasks(
  worker text, ids uuid[], rows tid[], attempts integer[], versions integer[], correlation_ids text[], destinations text[] default null
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql as $$
#variable_conflict use_column
declare
  appended_at constant timestamptz := clock_timestamp();
  tx constant xid8 := pulp.event_tx();
  grants constant bigint[] := case when destinations is not null then pulp.new_positions(cardinality(ids)) end;
  starts constant bigint[] := pulp.new_positions(cardinality(ids));
  release constant text := current_setting('pulp.release', true);
  first_attempt constant jsonb := jsonb_build_object('worker', start_tasks.worker, 'attempt', 1)
    || case when release <> '' then jsonb_build_object('release', release) else '{}' end;
  run_facts constant jsonb[] := array(
    select case a.attempt when 0 then first_attempt else first_attempt || jsonb_build_object('attempt', a.attempt + 1) end
    from unnest(attempts) with ordinality as a(attempt, ordinality) order by a.ordinality);
  grant_facts jsonb[];
  started integer;
begin
  insert into pulp.running (task_id, worker) select unnest(ids), start_tasks.worker;
  if destinations is null then
    perform pulp.log_batches(
      pulp.event_batches('TaskStarted', starts, ids, versions, run_facts, correlation_ids, null, tx, appended_at));
    return query select s.* from pulp.fold_started(rows, versions, run_facts, starts, tx, appended_at) s;
  else
    grant_facts := array(
      select jsonb_build_object('queue', d.queue) from unnest(destinations) with ordinality as d(queue, ordinality) order by d.ordinality);
    if pulp.is_reserved_worker(worker) then
      perform pulp.count_reroutes(ids, destinations, 'blocked');
    end if;
    perform pulp.grant_claims(ids, grants, versions, grant_facts, correlation_ids, tx, appended_at);
    perform pulp.log_batches(
      pulp.event_batches('ReservationGranted', grants, ids, versions, grant_facts, correlation_ids, null, tx, appended_at)
      || pulp.event_batches('TaskStarted', starts, ids, array(
        select v.version + 1 from unnest(versions) with ordinality as v(version, ordinality) order by v.ordinality),
        run_facts, correlation_ids, null, tx, appended_at));
    return query
      select s.* from pulp.fold_granted_and_started(rows, versions, grant_facts, grants, run_facts, starts, tx, appended_at) s;
  end if;
  get diagnostics started = row_count;
  if started <> cardinality(ids) then
    raise exception 'a task changed while it was started' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;
end $$;
comment on function pulp.start_tasks is 'Starts tasks for a worker.';
