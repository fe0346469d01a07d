-- Fetches the next jobs of these queues for a worker and starts their tasks, in one transaction: each job is deleted,
-- so that from here on the log owns the run, and the session takes the advisory locks of the tasks' resources. Only
-- task types that the worker knows are taken. Called by the worker's own session. A task whose locks are not free (the
-- session of a lost worker may not have ended yet) is put back for a moment. A stray job, of which no task waits in its
-- queue, is put off for ever: it holds up nobody, and verify still tells of it. A delivered task changes only under the
-- lock of its job, so that its own row need not be locked first. "interruptions" says how often in a row the task was
-- interrupted before.
create or replace function pulp.start(
  worker text, incarnation bigint, queues text[], task_types text[], at_most integer
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
-- Without sorting, pg-boss's index in the order of delivery is taken, whatever statistics say of an often empty queue.
set enable_sort = off set enable_incremental_sort = off as $$
#variable_conflict use_column
declare
  fetched uuid[];
  rows tid[];
  tasks tid[];
  versions integer[];
  facts jsonb[];
  correlation_ids text[];
  positions bigint[];
  claiming uuid[];
  stray uuid[];
  stray_queues text[];
  refused uuid[];
  first_attempt constant jsonb := jsonb_build_object('worker', start.worker, 'attempt', 1);
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  started integer;
begin
  perform pulp.check_incarnation(start.worker, start.incarnation);

  select array_agg(j.id), array_agg(j.row), array_agg(t.row), array_agg(t.version + 1), array_agg(t.correlation_id),
      array_agg(case t.attempt when 0 then first_attempt else first_attempt || jsonb_build_object('attempt', t.attempt + 1) end),
      array_agg(j.id) filter (where t.has_claims),
      array_agg(j.id) filter (where t.row is null), array_agg(j.name) filter (where t.row is null)
    into fetched, rows, tasks, versions, correlation_ids, facts, claiming, stray, stray_queues
    from (
      select next.* from unnest(start.queues) as q(name)
      cross join lateral (
        select job.id, job.name, job.ctid as row from pgboss.job
        where job.name = q.name and job.state < 'active' and not job.blocked and job.start_after <= pgboss.job_now()
          and job.data ->> 'name' = any (start.task_types)
        order by job.priority desc, job.created_on
        limit start.at_most
        for update skip locked
      ) next
      limit start.at_most
    ) j
    left join lateral (
      select x.attempt, x.version, x.correlation_id, pulp.has_claims(x) as has_claims, x.ctid as row from pulp.task x
      where x.id = j.id and x.queue = j.name and x.state = 'waiting' offset 0
    ) t on true;
  if fetched is null then
    return;
  end if;

  -- Until this is set, there is nothing to unlock.
  refused := case when claiming is null then '{}' else pulp.lock_resources(claiming) end;
  if stray is not null or refused <> '{}' then
    update pgboss.job set start_after = pgboss.job_now() + interval '250 ms'
      where job.ctid = any (rows) and job.id = any (refused);
    update pgboss.job set start_after = 'infinity'
      from unnest(stray_queues, stray) as s(queue, id) where job.name = s.queue and job.id = s.id;
    select array_agg(f.id), array_agg(f.row), array_agg(f.task), array_agg(f.version), array_agg(f.correlation_id), array_agg(f.facts)
      into fetched, rows, tasks, versions, correlation_ids, facts
      from unnest(fetched, rows, tasks, versions, correlation_ids, facts) as f(id, row, task, version, correlation_id, facts)
      where f.task is not null and f.id <> all (refused);
    if fetched is null then
      return;
    end if;
  end if;
  -- By place, and by id too: a queue may have a leaf of its own. "is true" makes the ids a table of hashes, not a join.
  delete from pgboss.job where job.ctid = any (rows) and (job.id in (select unnest(fetched))) is true;

  insert into pulp.running (task_id, worker) select unnest(fetched), start.worker;
  positions := pulp.new_positions(cardinality(fetched));
  perform pulp.log_task_events('TaskStarted', positions, fetched, versions, facts, correlation_ids, null, tx, appended_at);
  return query
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
    ) = row((pulp.evolve_task(t, pulp.task_event(
      f.position, tx, t.id, f.version, 'TaskStarted', f.facts, t.correlation_id, null, acting, appended_at))).*)
    from unnest(tasks, versions, facts, positions) as f(task, version, facts, position)
    where t.ctid = f.task
    returning t.id, t.name, t.args, t.kwargs, t.attempt, t.fence, t.timeout_seconds, t.parent_id, t.correlation_id,
      t.interruptions;
  get diagnostics started = row_count;
  if started <> cardinality(fetched) then
    raise exception 'a task changed while it was started' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;
exception
  when query_canceled or others then
    -- Locks of a session outlive its transaction.
    perform pulp.unlock_resources(array(
      select g::pulp.reservation from pulp.reservation_granted g
      where g.task_id = any (fetched) and g.task_id <> all (refused)));
    raise;
end $$;
comment on function pulp.start is 'Fetches the next jobs of these queues for a worker and starts their tasks.';
