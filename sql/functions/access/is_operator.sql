-- Whether the caller may run the engine: act on workers and tasks of others.
create or replace function pulp.is_operator() returns boolean
language sql stable parallel safe as $$
  select pg_has_role(pulp.caller_role(), 'pulp_operator', 'member')
$$;
comment on function pulp.is_operator is 'Whether the caller may run the engine.';
