-- Whether the caller may act on tasks of an owner, and see all of them: all may where owners are not apart; else the owner, and those
-- who act for all.
create or replace function pulp.acts_for(owner text) returns boolean
language sql stable parallel safe as $$
  select not pulp.are_owners_apart() or (owner = pulp.actor()) is true or pulp.acts_for_all()
$$;
comment on function pulp.acts_for is 'Whether the caller may act on tasks of an owner, and see all of them.';
