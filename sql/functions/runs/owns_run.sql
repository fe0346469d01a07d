-- Whether a worker's report, an object with attempt and fence, is of the run that a task is in: the fence. One expression, so
-- that the planner puts it into the query that calls it.
create or replace function pulp.owns_run(worker text, task pulp.task, report jsonb) returns boolean
language sql immutable parallel safe as $$
  select task.state in ('running', 'canceling') and task.worker = worker
    and task.attempt = (report ->> 'attempt')::integer and task.fence = (report ->> 'fence')::bigint
$$;
comment on function pulp.owns_run is 'Whether a worker''s report is of the run that a task is in.';
