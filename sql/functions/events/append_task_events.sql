-- Appends one event to each of these tasks' streams and folds it into the task's row. Gives the events' tasks and the events.
-- The caller holds the rows' locks, or those of their jobs, and decided on their present state; if one is not there,
-- nothing is appended.
create or replace function pulp.append_task_events(ids uuid[], types text[], facts jsonb[])
returns table (task pulp.task, event pulp.event)
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  appended integer;
begin
  perform pulp.need_event_leaf('event_task', appended_at);
  return query
  with given as materialized ( -- in their order, whatever way the rows are found
    select i.id, i.type, i.facts, nextval('pulp.event_position') as position
    from unnest(ids, types, facts) as i(id, type, facts)
  ),
  appended as (
    update pulp.task t set (
      id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, lost_workers, fence,
      priority, retries, timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason,
      progress, enqueued_at, unblocked_at, started_at, finished_at, position, version, interruptions
    ) = row((pulp.evolve_task(t, pulp.task_event(
      g.position, tx, t.id, t.version + 1, g.type, g.facts, t.correlation_id, null, acting, appended_at))).*)
    from given g
    where t.id = g.id
    returning t as task, pulp.task_event(
      g.position, tx, t.id, t.version, g.type, g.facts, t.correlation_id, null, acting, appended_at) as event
  ),
  logged as (
    insert into pulp.event select (a.event).* from appended a
  )
  select a.task, a.event from appended a;

  get diagnostics appended = row_count;
  if appended <> cardinality(ids) then
    raise exception 'a task changed while events were appended to it' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;
end $$;
comment on function pulp.append_task_events is 'Appends events to tasks'' streams and folds them into the tasks'' rows.';
