-- The second key of the lock of a group: one of so few that a transaction may have them all.
create or replace function pulp.group_lock(id text) returns integer
language sql immutable parallel safe as $$
  select hashtext(id) & 4095
$$;
comment on function pulp.group_lock is 'The second key of the lock of a group.';
