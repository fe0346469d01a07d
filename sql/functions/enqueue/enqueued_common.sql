-- The facts of TaskEnqueued but for what the task has of its own (see pulp.enqueued_own), for which defaults stand here. What is
-- asked for rarely is taken from "rest", an object.
create or replace function pulp.enqueued_common(name jsonb, queue jsonb, rest jsonb, enqueued_at timestamptz, owner text) returns jsonb
language sql stable parallel safe as $$
  select jsonb_build_object(
      'name', name,
      'queue', coalesce(nullif(queue, 'null'), '"default"'),
      'args', '[]'::jsonb,
      'kwargs', '{}'::jsonb,
      'exclusive_resources', '[]'::jsonb,
      'shared_resources', '[]'::jsonb,
      'priority', coalesce(nullif(rest -> 'priority', 'null'), '0'),
      'retries', coalesce(nullif(rest -> 'retries', 'null'), '0'),
      'owner', coalesce(rest ->> 'owner', owner))
    || case when rest ?| pulp.enqueue_keys('recorded') then pulp.enqueued_options(rest, enqueued_at) else '{}' end
$$;
comment on function pulp.enqueued_common is 'The facts of TaskEnqueued but for what the task has of its own.';
