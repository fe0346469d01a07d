-- The name of a resource that is to be limited. Refuses what is none.
create or replace function pulp.limited_resource(resource text) returns text
language plpgsql immutable as $$
declare
  problem constant text := case when resource is null then 'resource: which one?'
    else pulp.resources_problem(jsonb_build_array(resource), 'resource') end;
begin
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was changed.';
  end if;
  return pulp.resource_name(resource);
end $$;
comment on function pulp.limited_resource is 'The name of a resource that is to be limited.';
