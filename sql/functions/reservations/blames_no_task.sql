-- Whether a failure of the resource manager says nothing of the tasks that it was about: the server lacks something, stops, or has a fault.
create or replace function pulp.blames_no_task(sqlstate text) returns boolean
language sql immutable parallel safe as $$
  select sqlstate ~ '^(53|57|58)'
$$;
comment on function pulp.blames_no_task is 'Whether a failure of the resource manager says nothing of the tasks that it was about.';
