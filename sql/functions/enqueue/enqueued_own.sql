-- The facts of TaskEnqueued that a task has of its own, but for defaults: arguments, and claims by the names of their resources, in
-- the stronger mode where a resource is claimed in both.
create or replace function pulp.enqueued_own(args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb) returns jsonb
language sql stable parallel safe as $$
  select case when args not in ('[]', 'null') then jsonb_build_object('args', args) else '{}' end
    || case when kwargs not in ('{}', 'null') then jsonb_build_object('kwargs', kwargs) else '{}' end
    || case when resources not in ('[]', 'null')
      then jsonb_build_object('exclusive_resources', pulp.claimed_names(resources)) else '{}' end
    || case when shared_resources not in ('[]', 'null')
      then jsonb_build_object('shared_resources', pulp.claimed_names(shared_resources, pulp.claimed_names(resources))) else '{}' end
$$;
comment on function pulp.enqueued_own is 'The facts of TaskEnqueued that a task has of its own.';
