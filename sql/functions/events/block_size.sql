-- How many positions of the log a batch can hold: the sequence steps by as many.
create or replace function pulp.block_size() returns integer
language sql immutable parallel safe as $$
  select 1024
$$;
comment on function pulp.block_size is 'How many positions of the log a batch can hold.';
