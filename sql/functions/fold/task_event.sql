-- An event of a task, in the types and collations of the log's columns, which the planner can take apart again.
create or replace function pulp.task_event(
  event_position bigint, tx xid8, task_id uuid, version integer, type text, facts jsonb, correlation_id text, causation_id uuid,
  actor text, recorded_at timestamptz
) returns pulp.event
language sql immutable parallel safe as $$
  select row(event_position, tx, 'task' collate "C", task_id::text collate "C", version, type collate "C", 1::smallint, facts,
    correlation_id, causation_id, actor, recorded_at, null)::pulp.event
$$;
comment on function pulp.task_event is 'An event of a task.';
