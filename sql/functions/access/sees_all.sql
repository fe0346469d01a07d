-- Whether the caller may see tasks whoever owns them, if not their payloads (see pulp.acts_for): all where owners are not apart; else
-- those who act for all, and observers.
create or replace function pulp.sees_all() returns boolean
language sql stable parallel safe as $$
  select not pulp.are_owners_apart() or pulp.acts_for_all() or pg_has_role(pulp.caller_role(), 'pulp_observer', 'member')
$$;
comment on function pulp.sees_all is 'Whether the caller may see tasks whoever owns them.';
