-- Whether callers see and act on their own tasks only.
create or replace function pulp.are_owners_apart() returns boolean
language plpgsql stable as $$
begin
  return (select s.value from pulp.setting s where s.name = 'policy') = 'owner';
end $$;
comment on function pulp.are_owners_apart is 'Whether callers see and act on their own tasks only.';
