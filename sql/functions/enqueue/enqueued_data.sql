-- The facts of TaskEnqueued for one checked request: all defaults filled in, claims by the names of their resources, the
-- stronger mode where a resource is claimed in both. What is asked for rarely is taken from "rest", an object.
create or replace function pulp.enqueued_data(
  name jsonb, queue jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb, rest jsonb, enqueued_at timestamptz
) returns jsonb
language sql stable parallel safe as $$
  select jsonb_build_object(
      'name', name,
      'queue', coalesce(nullif(queue, 'null'), '"default"'),
      'args', coalesce(nullif(args, 'null'), '[]'),
      'kwargs', coalesce(nullif(kwargs, 'null'), '{}'),
      'exclusive_resources', case when resources <> '[]' then pulp.claimed_names(resources) else '[]' end,
      'shared_resources', case when shared_resources <> '[]'
        then pulp.claimed_names(shared_resources, pulp.claimed_names(resources)) else '[]' end,
      'priority', coalesce(nullif(rest -> 'priority', 'null'), '0'),
      'retries', coalesce(nullif(rest -> 'retries', 'null'), '0'))
    || case when rest ?| array['delay', 'at', 'timeout', 'parent_id', 'group']
      then pulp.enqueued_options(rest, enqueued_at) else '{}' end
$$;
comment on function pulp.enqueued_data is 'The facts of TaskEnqueued for one checked request.';
