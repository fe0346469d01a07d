-- Appends an event of one type to each of these tasks' streams and folds it into the task's row. Gives the tasks and the events,
-- in their order. The caller holds the rows' locks, or those of their jobs, and decided on their present state; if one is not
-- there, nothing is appended.
create or replace function pulp.append_task_events(type text, ids uuid[], facts jsonb[] default null)
returns table (task pulp.task, event pulp.event)
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  positions constant bigint[] := pulp.new_positions(cardinality(ids));
  tasks pulp.task[];
  events pulp.event[];
begin
  perform pulp.need_event_leaf('event_batch', appended_at);
  with appended as (
    update pulp.task t set (/*columns pulp.task*/) = row((pulp.evolve_task(t, pulp.task_event(
      g.position, tx, t.id, t.version + 1, append_task_events.type, g.facts, t.correlation_id, null, acting, appended_at))).*)
    from (
      select x.id, coalesce(x.facts, '{}') as facts, x.position
      from unnest(ids, append_task_events.facts, positions) as x(id, facts, position)
    ) g
    where t.id = g.id
    returning t as task, pulp.task_event(
      g.position, tx, t.id, t.version, append_task_events.type, g.facts, t.correlation_id, null, acting, appended_at) as event
  )
  select array_agg(a.task order by (a.event).position), array_agg(a.event order by (a.event).position) into tasks, events
    from appended a;
  if cardinality(tasks) is distinct from cardinality(ids) then
    raise exception 'a task changed while events were appended to it' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;

  perform pulp.log_task_events(append_task_events.type, positions, ids, array_agg(t.version order by t.ordinality),
      append_task_events.facts, array_agg(t.correlation_id order by t.ordinality), null, tx, appended_at)
    from unnest(tasks) with ordinality t;
  return query select tasks[place], events[place] from generate_subscripts(tasks, 1) as place;
end $$;
comment on function pulp.append_task_events is 'Appends an event of one type to tasks'' streams and folds it into the tasks'' rows.';
