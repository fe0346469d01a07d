-- The same as pulp.task_after, as a table of one row: where it stands in FROM, the planner takes it in once for all fields. What it selects is put
-- in when it is loaded.
create or replace function pulp.tasks_after(
  task pulp.task, event_position bigint, event_stream_id text, event_version integer, event_type text, event_data jsonb,
  event_correlation_id text, event_recorded_at timestamptz
) returns setof pulp.task
language sql immutable parallel safe rows 1 as $$
  select /*fields of pulp.task_after*/
$$;
comment on function pulp.tasks_after is 'What an event does to a task, as a table of one row.';
