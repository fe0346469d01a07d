-- What is wrong with the units that a task asks for, or null. More than there are at present are refused at once.
create or replace function pulp.units_problem(units jsonb, resources jsonb, shared_resources jsonb) returns text
language plpgsql stable parallel safe as $$
declare
  asked record;
  names text[] := '{}';
  capacity integer;
begin
  if units is null or units = 'null' then
    return null;
  elsif jsonb_typeof(units) <> 'object' then
    return 'units: must be an object that says of each resource how many';
  end if;
  for asked in select * from jsonb_each(units) loop
    if pulp.resources_problem(jsonb_build_array(asked.key), '') is not null then
      return 'units: each resource must be a URL path of 1 to 1024 bytes';
    elsif jsonb_typeof(asked.value) <> 'number' or asked.value #>> '{}' !~ '^[1-9][0-9]{0,6}$' or asked.value::integer > 1000000 then
      return format('units.%s: must be an integer between 1 and 1000000', asked.key);
    elsif pulp.resource_name(asked.key) = any (names) then
      return format('units.%s: is the same resource as another one', asked.key);
    end if;
    names := names || pulp.resource_name(asked.key);
    if pulp.claimed_names(resources) ? pulp.resource_name(asked.key) then
      return format('units.%s: is claimed exclusively, which takes all of it', asked.key);
    end if;
    select l.capacity into capacity from pulp.resource_limit l where l.resource = pulp.resource_name(asked.key);
    if asked.value::integer > capacity then
      return format('units.%s: there are %s, not %s', asked.key, capacity, asked.value);
    end if;
  end loop;
  if jsonb_array_length(pulp.claimed_names(pulp.with_units(shared_resources, units))) + coalesce(jsonb_array_length(resources), 0) > 256 then
    return 'units: a task may claim at most 256 resources';
  end if;
  return null;
end $$;
comment on function pulp.units_problem is 'What is wrong with the units that a task asks for, or null.';
