-- What is wrong with what a hold asks for, or null.
create or replace function pulp.hold_problem(resources text[], shared_resources text[], options jsonb) returns text
language plpgsql stable as $$
declare
  exclusive constant jsonb := to_jsonb(coalesce(resources, '{}'));
  shared constant jsonb := to_jsonb(coalesce(shared_resources, '{}'));
  known_keys constant text[] := array['id', 'reason', 'seconds', 'lease_seconds', 'units'];
  problem text;
begin
  if jsonb_typeof(options) is distinct from 'object' then
    return 'options: must be an object';
  elsif options - known_keys <> '{}' then
    return format('%s: unknown key; known are %s', (select min(key) from jsonb_object_keys(options - known_keys) as key),
      array_to_string(known_keys, ', '));
  end if;
  problem := coalesce(
    pulp.resources_problem(exclusive, 'resources'), pulp.resources_problem(shared, 'shared_resources'),
    pulp.units_problem(options -> 'units', exclusive, shared));
  if problem is not null then
    return problem;
  end if;
  return case
    when exclusive = '[]' and pulp.with_units(shared, options -> 'units') = '[]' then 'resources: name one at least'
    when jsonb_array_length(exclusive) + jsonb_array_length(shared) > 256 then 'resources: a hold may claim at most 256'
    when options ->> 'id' is not null and not pulp.is_uuid(options ->> 'id') then 'id: must be a UUID'
    when options ->> 'reason' is not null and (jsonb_typeof(options -> 'reason') <> 'string' or octet_length(options ->> 'reason') > 16384)
      then 'reason: must be a text of at most 16384 bytes'
    when options ->> 'seconds' is not null and (jsonb_typeof(options -> 'seconds') <> 'number'
      or not (options -> 'seconds')::numeric between 0.001 and 3155760000) then 'seconds: must be a number above 0, and less than a century'
    when options ->> 'lease_seconds' is not null and (jsonb_typeof(options -> 'lease_seconds') <> 'number'
      or not (options -> 'lease_seconds')::numeric between 1 and 86400) then 'lease_seconds: must be a number from 1 to 86400'
    when options -> 'lease_seconds' = 'null' and options ->> 'seconds' is null
      then 'lease_seconds: what gives no sign of life needs an end: give seconds, too'
  end;
end $$;
comment on function pulp.hold_problem is 'What is wrong with what a hold asks for, or null.';
