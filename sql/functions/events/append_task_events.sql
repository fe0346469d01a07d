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
  changed integer;
begin
  perform pulp.need_event_leaf('event_batch', appended_at);
  -- Two statements: one that folds while it updates would be planned forty times as long, once in each session.
  select array_agg(e order by g.position), array_agg(pulp.task_event(
      g.position, tx, t.id, t.version + 1, append_task_events.type, coalesce(g.facts, '{}'), t.correlation_id, null, acting, appended_at)
      order by g.position)
    into tasks, events
    from unnest(ids, append_task_events.facts, positions) as g(id, facts, position)
    join pulp.task t on t.id = g.id
    cross join lateral pulp.tasks_after(t, g.position, t.id::text, t.version + 1, append_task_events.type, coalesce(g.facts, '{}'),
      t.correlation_id, appended_at) e;
  update pulp.task t set (/*columns pulp.task*/) = row(after.*)
    from unnest(tasks) as after where t.id = after.id and t.version = after.version - 1;
  get diagnostics changed = row_count;
  if changed <> cardinality(ids) then
    raise exception 'a task changed while events were appended to it' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;

  perform pulp.log_batches(pulp.event_batches(append_task_events.type, positions, ids, array_agg(t.version order by t.ordinality),
      append_task_events.facts, array_agg(t.correlation_id order by t.ordinality), null, tx, appended_at))
    from unnest(tasks) with ordinality t;
  return query select tasks[place], events[place] from generate_subscripts(tasks, 1) as place;
end $$;
comment on function pulp.append_task_events is 'Appends an event of one type to tasks'' streams and folds it into the tasks'' rows.';
