-- The name by which something is paused: of a resource that which all its forms have in common, of everything the empty one. Refuses what
-- cannot be paused.
create or replace function pulp.pause_target(kind text, name text) returns text
language plpgsql immutable as $$
declare
  problem text;
begin
  problem := case
    when (kind in ('queue', 'type', 'resource', 'all')) is not true then format('there is no kind "%s"; give queue, type, resource or all', kind)
    when kind = 'all' and coalesce(name, '') <> '' then 'all has no name'
    when kind <> 'all' and name is null then format('which %s? it has no name', kind)
    when kind in ('queue', 'type') and pulp.is_name(name) is not true then
      format('%s: must start with a letter and have at most 128 letters, digits and characters of _.:@-', kind)
    when kind = 'resource' then pulp.resources_problem(jsonb_build_array(name), 'resource') end;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was changed.';
  end if;
  return case kind when 'all' then '' when 'resource' then pulp.resource_name(name) else name end;
end $$;
comment on function pulp.pause_target is 'The name by which something is paused.';
