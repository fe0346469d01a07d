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
  looked_at uuid[];
  times timestamptz[];
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

  purged := pulp.purge_rows(looked_at, finished_before, states, most);
end $$;
comment on function pulp.purge_tasks is 'Takes rows of tasks that are over from pulp.task, a batch at a time.';
