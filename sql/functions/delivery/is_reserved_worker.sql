-- Whether a name is that of a reserved worker, and so of its queue.
create or replace function pulp.is_reserved_worker(name text) returns boolean
language sql immutable parallel safe as $$
  select starts_with(name, 'reserved-resource-worker')
$$;
comment on function pulp.is_reserved_worker is 'Whether a name is that of a reserved worker, and so of its queue.';
