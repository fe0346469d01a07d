-- So many workers a task may cost: it is not tried again when it has cost the last of them.
create or replace function pulp.most_lost_workers() returns integer
language sql immutable parallel safe as $$
  select 3
$$;
comment on function pulp.most_lost_workers is 'How many workers a task may cost.';
