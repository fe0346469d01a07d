-- The role with whose rights a function of the engine was called: that of set role, else the login. Functions run with their owner's.
create or replace function pulp.caller_role() returns name
language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('role'), 'none')::name, session_user)
$$;
comment on function pulp.caller_role is 'The role with whose rights a function of the engine was called.';
