-- Whether whoever is logged in may run the engine: act on workers and tasks of others.
create or replace function pulp.is_operator() returns boolean
language sql stable parallel safe as $$
  select pg_has_role(session_user, 'pulp_operator', 'member')
$$;
comment on function pulp.is_operator is 'Whether whoever is logged in may run the engine.';
