-- Whether a task claims resources; those that claim none go straight to a worker.
create or replace function pulp.has_claims(task pulp.task) returns boolean
language sql immutable parallel safe as $$
  select task.exclusive_resources <> '{}' or task.shared_resources <> '{}'
$$;
comment on function pulp.has_claims is 'Whether a task claims resources.';
