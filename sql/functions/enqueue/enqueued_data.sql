-- The facts of TaskEnqueued for one checked request: all defaults filled in.
create or replace function pulp.enqueued_data(
  name jsonb, queue jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb, rest jsonb, enqueued_at timestamptz,
  owner text
) returns jsonb
language sql stable parallel safe as $$
  select pulp.enqueued_common(name, queue, rest, enqueued_at, owner) || pulp.enqueued_own(args, kwargs, resources, shared_resources)
$$;
comment on function pulp.enqueued_data is 'The facts of TaskEnqueued for one checked request.';
