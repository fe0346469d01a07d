-- A worker's turn: records how runs ended and starts the next tasks, in one round trip and one commit. See finish and start. With
-- slots left after what its queues hold, it starts those that come next on what it has let go of. Gives two kinds of rows, told
-- apart by "verdict":
--   null    a task that was started, with all columns of start
--   held    an item that was not recorded, for somebody else holds its task locked: report it again later
--   fenced  an item that was not recorded, for its run is not this worker's any more: give it up
-- Of the latter two, id alone is set. Every item that has no row was recorded.
create or replace function pulp.finish_and_start(
  worker text, incarnation bigint, items jsonb, queues text[], task_types text[], at_most integer
) returns table (
  verdict text, id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint,
  timeout_seconds double precision, parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
-- Without sorting, pg-boss's index in the order of delivery is taken, whatever statistics say of an often empty queue.
set enable_sort = off set enable_incremental_sort = off as $$
#variable_conflict use_column
declare
  ended record;
begin
  ended := pulp.finish_runs(worker, incarnation, items);
  if ended.unsettled is not null then
    return query
      select case when u.id = any (ended.fenced) then 'fenced' else 'held' end, u.id, null::text, null::jsonb, null::jsonb,
        null::integer, null::bigint, null::double precision, null::uuid, null::text, null::integer, null::jsonb
      from unnest(ended.unsettled) as u(id);
  end if;
  return query
    select null::text, t.*
    from pulp.take_tasks(finish_and_start.worker, finish_and_start.queues, finish_and_start.task_types,
      finish_and_start.at_most, ended.released) t;
  if ended.released <> '{}' then
    -- Who holds one of them exclusively now was granted it in this transaction, and lets go later.
    perform pulp.wake_lines(array(
      select claim from unnest(ended.released) as claim
      where (select 1 from pulp.reservation_granted holder
        where holder.resource = claim.resource and holder.mode = 'exclusive' limit 1) is null));
  end if;
  perform pulp.unlock_resources(ended.released);
end $$;
comment on function pulp.finish_and_start is 'Records how runs ended and starts the next tasks.';
