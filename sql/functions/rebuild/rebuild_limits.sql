-- Puts the limits of resources right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_limits() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong text[];
begin
  if not exists (select from pulp.fold_limit_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.resource_limit in share row exclusive mode;
  wrong := array(select coalesce((d.told).resource, (d.there).resource) from pulp.fold_limit_differences() d);
  if wrong <> '{}' then
    delete from pulp.resource_limit l where l.resource = any (wrong);
    insert into pulp.resource_limit select l.* from pulp.limit_at() l where l.resource = any (wrong);
    insert into pulp.wakeup (resource, mode) select unnest(wrong), 'exclusive';
    perform pulp.notify('pulp_grant', '');
  end if;
  return cardinality(wrong);
end $$;
comment on function pulp.rebuild_limits is 'Puts the limits of resources right, from the log.';
