-- Fetches the next jobs of these queues for a worker and starts their tasks, in one transaction: each job is deleted,
-- so that from here on the log owns the run, and the session takes the advisory locks of the tasks' resources. Only
-- task types that the worker knows are taken. Called by the worker's own session. A task whose locks are not free (the
-- session of a lost worker may not have ended yet) is put back for a moment. A delivered task changes only under the
-- lock of its job, so that its own row need not be locked first.
create or replace function pulp.start(
  worker text, incarnation bigint, queues text[], task_types text[], at_most integer
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
-- Without sorting, pg-boss's index in the order of delivery is taken, whatever statistics say of an often empty queue.
set enable_sort = off set enable_incremental_sort = off as $$
#variable_conflict use_column
declare
  fetched uuid[];
  leaves oid[];
  rows tid[];
  refused uuid[];
begin
  perform pulp.check_incarnation(start.worker, start.incarnation);

  select array_agg(j.id), array_agg(j.leaf), array_agg(j.row) into fetched, leaves, rows
    from (
      select next.* from unnest(start.queues) as q(name)
      cross join lateral (
        select job.id, job.tableoid as leaf, job.ctid as row from pgboss.job
        where job.name = q.name and job.state < 'active' and not job.blocked and job.start_after <= pgboss.job_now()
          and job.data ->> 'name' = any (start.task_types)
        order by job.priority desc, job.created_on
        limit start.at_most
        for update skip locked
      ) next
      limit start.at_most
    ) j;
  if fetched is null then
    return;
  end if;

  refused := pulp.lock_resources(fetched); -- until this is set, there is nothing to unlock
  if refused <> '{}' then
    update pgboss.job set start_after = pgboss.job_now() + interval '250 ms'
      from unnest(fetched, leaves, rows) as f(id, leaf, row)
      where job.tableoid = f.leaf and job.ctid = f.row and f.id = any (refused);
  end if;
  delete from pgboss.job
    using unnest(fetched, leaves, rows) as f(id, leaf, row)
    where job.tableoid = f.leaf and job.ctid = f.row and f.id <> all (refused);
  if refused <> '{}' then
    fetched := array(select unnest(fetched) except select unnest(refused));
  end if;

  insert into pulp.running (task_id, worker) select unnest(fetched), start.worker;
  return query
    select (a.task).id, (a.task).name, (a.task).args, (a.task).kwargs, (a.task).attempt, (a.task).fence,
      (a.task).timeout_seconds, (a.task).parent_id,
      (a.task).correlation_id
    from pulp.append_task_events(
      fetched, array_fill('TaskStarted'::text, array[cardinality(fetched)]),
      array_fill(jsonb_build_object('worker', start.worker), array[cardinality(fetched)])) a;
exception
  when query_canceled or others then
    -- Locks of a session outlive its transaction.
    perform pulp.unlock_resources(array(
      select g::pulp.reservation from pulp.reservation_granted g
      where g.task_id = any (fetched) and g.task_id <> all (refused)));
    raise;
end $$;
comment on function pulp.start is 'Fetches the next jobs of these queues for a worker and starts their tasks.';
