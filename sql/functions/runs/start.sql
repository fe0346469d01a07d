-- Fetches the next jobs of these queues for a worker and starts their tasks, in one transaction: each job is deleted, so that from here
-- on the log owns the run, and the session takes the advisory locks of the tasks' resources.
--
-- Guarantees: only task types that the worker knows are taken. A task whose locks are not free (the session of a lost worker may not have
--   ended yet) is put back for a moment. A stray job, of which no task waits in its queue, is put off for ever: it holds up nobody, and
--   verify still tells of it.
-- Cost: that of the tasks taken; jobs are read in the order of pg-boss's index, and those of other types are passed over.
-- Locks, in the order of all that touch jobs: the worker's row (check_incarnation), jobs (skip locked), tasks. A delivered task changes
--   only under the lock of its job, so its own row need not be locked first. Advisory locks of resources are tried, never waited for, and
--   outlive the transaction: they are given back when a run ends.
-- Steps: 1 check_incarnation: the session speaks for this worker  2 take_tasks: fetches jobs (next_jobs), takes the locks of claims (lock_resources)
--   3 start_tasks: appends and folds TaskStarted.
--
-- Called by the worker's own session. "interruptions" says how often in a row the task was interrupted before.
create or replace function pulp.start(
  worker text, incarnation bigint, queues text[], task_types text[], at_most integer
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
-- Without sorting, pg-boss's index in the order of delivery is taken, whatever statistics say of an often empty queue.
set enable_sort = off set enable_incremental_sort = off as $$
#variable_conflict use_column
begin
  perform pulp.check_incarnation(start.worker, start.incarnation);
  return query select t.* from pulp.take_tasks(start.worker, start.queues, start.task_types, start.at_most) t;
end $$;
comment on function pulp.start is 'Fetches the next jobs of these queues for a worker and starts their tasks.';
