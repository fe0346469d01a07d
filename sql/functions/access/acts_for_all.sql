-- Whether the caller may act on tasks whoever owns them: operators, and workers, whose code runs them all.
create or replace function pulp.acts_for_all() returns boolean
language sql stable parallel safe as $$
  select pulp.is_operator() or pg_has_role(pulp.caller_role(), 'pulp_worker', 'member')
$$;
comment on function pulp.acts_for_all is 'Whether the caller may act on tasks whoever owns them.';
