-- A group that was created and on which the caller may act, its row locked.
create or replace function pulp.own_group(id text) returns pulp.created_group
language plpgsql as $$
#variable_conflict use_column
declare
  known pulp.created_group;
begin
  select * into known from pulp.created_group g where g.id = own_group.id for no key update;
  if not found or not (pulp.acts_for(known.owner) or pulp.is_operator()) then
    raise exception 'no group "%" was created', own_group.id using errcode = 'PU042',
      hint = '`pulp group list` shows those known; `pulp group create` makes one.';
  end if;
  return known;
end $$;
comment on function pulp.own_group is 'A group that was created and on which the caller may act, its row locked.';
