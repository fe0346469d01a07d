-- Takes rows of tasks that are over, and became so before a time, from pulp.task: one short step of a walk through all of
-- them. Each gets a last event, TaskPurged, so that rebuilding does not bring it back; its history stays in the log until its
-- leaf is archived. The walk follows the time of enqueueing, which is before that of finishing: a step looks at "batch" tasks
-- from the cursor on (the last enqueued_at and id that the step before gave) and takes at most "most" of them. The cursor is
-- null when there are no more. A task that somebody holds locked, such as a purge beside this one, is passed over.
create or replace function pulp.purge_tasks(
  finished_before timestamptz, batch integer default 1000,
  states text[] default '{completed,failed,canceled,skipped}', most integer default null,
  inout after_enqueued_at timestamptz default null, inout after_id uuid default null, out purged bigint
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off as $$
declare
  tx constant xid8 := pulp.event_tx();
  looked_at uuid[];
  times timestamptz[];
  ids uuid[];
  versions integer[];
  facts jsonb[];
  correlation_ids text[];
begin
  if not states <@ '{completed,failed,canceled,skipped}' then
    raise exception '% has a state that is not final', states using errcode = 'PU004',
      hint = 'Only tasks that are completed, failed, canceled or skipped can be purged.';
  end if;
  select array_agg(s.id), array_agg(s.enqueued_at) into looked_at, times
    from (
      select t.id, t.enqueued_at from pulp.task t
      where t.enqueued_at < finished_before
        and t.enqueued_at >= coalesce(after_enqueued_at, '-infinity')
        and (t.enqueued_at, t.id) > (coalesce(after_enqueued_at, '-infinity'), coalesce(after_id, '00000000-0000-0000-0000-000000000000'))
      order by t.enqueued_at, t.id limit batch
    ) s;
  after_enqueued_at := null;
  after_id := null;
  if cardinality(looked_at) = batch then
    after_enqueued_at := times[batch];
    after_id := looked_at[batch];
  end if;

  with gone as (
    delete from pulp.task t
    using (
      select o.ctid as row from pulp.task o
      where o.id = any (looked_at) and o.state = any (states) and o.finished_at < finished_before
      order by o.enqueued_at, o.id limit most
      for update skip locked
    ) o
    where t.ctid = o.row
    returning t.*
  )
  select array_agg(g.id order by g.enqueued_at, g.id), array_agg(g.version + 1 order by g.enqueued_at, g.id),
      array_agg(jsonb_build_object('name', g.name, 'state', g.state, 'finished_at', g.finished_at) order by g.enqueued_at, g.id),
      array_agg(g.correlation_id order by g.enqueued_at, g.id)
    into ids, versions, facts, correlation_ids
    from gone g;
  purged := coalesce(cardinality(ids), 0);
  if purged = 0 then
    return;
  end if;
  perform pulp.log_task_events('TaskPurged', pulp.new_positions(purged::integer), ids, versions, facts, correlation_ids, null,
    tx, clock_timestamp());
  if exists (select from unnest(ids) as purged_id where pulp.are_new_ids(array[purged_id])) then
    insert into pulp.young_purge (until) values (clock_timestamp() + interval '20 min')
      on conflict (one) do update set until = excluded.until;
  end if;
end $$;
comment on function pulp.purge_tasks is 'Takes rows of tasks that are over from pulp.task, a batch at a time.';
