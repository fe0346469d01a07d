-- What is wrong with a list of resources, or null.
create or replace function pulp.resources_problem(list jsonb, path text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  resource jsonb;
begin
  if list = '[]' then
    return null;
  end if;
  if jsonb_typeof(list) <> 'array' then
    return format('%s: must be an array of URL paths, empty or left out if there are none', path);
  end if;
  for i in 0 .. jsonb_array_length(list) - 1 loop
    resource := list -> i;
    if jsonb_typeof(resource) <> 'string' or octet_length(resource #>> '{}') not between 1 and 1024
      -- An escape takes three bytes for one.
      or octet_length(resource #>> '{}') > 340 and octet_length(pulp.resource_name(resource #>> '{}')) > 1024 then
      return format('%s[%s]: must be a URL path of 1 to 1024 bytes', path, i);
    end if;
  end loop;
  return null;
end $$;
comment on function pulp.resources_problem is 'What is wrong with a list of resources, or null.';
