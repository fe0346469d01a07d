-- Records how runs ended. Items are objects with id, attempt, fence, outcome, and what belongs to the outcome:
--   completed    result
--   failed       error; retry false says that trying again is of no use
--   canceled     reason
--   interrupted  reason, by (shutdown, host, session): the run was ended without its fault. Its task goes back to the front of
--                its line, at no cost of an attempt
-- An item may also have what pulp.progress takes, the last reports of the run: they are recorded right before the end. A run that was to be
-- canceled counts as canceled however it ended: the cancel was acknowledged.
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
  ended record;
begin
  select * into ended from pulp.finish_runs(finish.worker, finish.incarnation, finish.items);
  perform pulp.wake_lines(ended.released);
  perform pulp.unlock_resources(ended.released);
  return query
    select f.id, 'fenced' from unnest(ended.fenced) as f(id)
    union all
    select e.id, case e.type
        when 'TaskCompleted' then 'completed' when 'TaskFailed' then 'failed' when 'TaskCanceled' then 'canceled'
        else 'waiting' end
    from unnest(ended.ids, ended.types) as e(id, type);
end $$;
comment on function pulp.finish is 'Records how runs ended, of those that the worker still owns.';
