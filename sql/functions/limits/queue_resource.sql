-- The resource by which all tasks of a queue are limited.
create or replace function pulp.queue_resource(queue text) returns text
language sql immutable parallel safe as $$
  select pulp.resource_name('/queues/' || queue || '/')
$$;
comment on function pulp.queue_resource is 'The resource by which all tasks of a queue are limited.';
