-- What is wrong with a list of resources, or null.
create or replace function pulp.resources_problem(list jsonb, path text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  bad bigint;
begin
  if list is null or list = '[]' or list = 'null' then
    return null;
  end if;
  if jsonb_typeof(list) <> 'array' then
    return format('%s: must be an array of URL paths', path);
  end if;
  select r.ordinality - 1 into bad
    from jsonb_array_elements(list) with ordinality as r(value, ordinality)
    where jsonb_typeof(r.value) <> 'string' or octet_length(r.value #>> '{}') not between 1 and 1024
    limit 1;
  if found then
    return format('%s[%s]: must be a URL path of 1 to 1024 bytes', path, bad);
  end if;
  return null;
end $$;
comment on function pulp.resources_problem is 'What is wrong with a list of resources, or null.';
