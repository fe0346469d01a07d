-- Puts the groups that were created right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_groups() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong text[];
begin
  if not exists (select from pulp.fold_group_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.created_group in share row exclusive mode;
  wrong := array(select coalesce((d.told).id, (d.there).id) from pulp.fold_group_differences() d);
  if wrong <> '{}' then
    delete from pulp.created_group g where g.id = any (wrong);
    insert into pulp.created_group select g.* from pulp.group_at() g where g.id = any (wrong);
  end if;
  return cardinality(wrong);
end $$;
comment on function pulp.rebuild_groups is 'Puts the groups that were created right, from the log.';
