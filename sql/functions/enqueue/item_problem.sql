-- What is wrong with one item of an enqueue, with the path of the bad value, or null.
create or replace function pulp.item_problem(item jsonb) returns text
language plpgsql stable parallel safe as $$
declare
  a_name constant text := 'must start with a letter and have at most 128 letters, digits and characters of _.:@-';
  problem text;
begin
  if jsonb_typeof(item) <> 'object' then
    return 'must be an object';
  end if;
  if pulp.has_huge_number(item) then
    return (
      select p from jsonb_each(item) as m cross join lateral pulp.value_problem(m.value, m.key) as p
      where pulp.has_huge_number(m.value) limit 1);
  end if;
  if item - pulp.enqueue_keys() <> '{}' then
    return format('%s: unknown key; known are %s', (select min(key) from jsonb_object_keys(item - pulp.enqueue_keys()) as key),
      array_to_string(array(select key from unnest(pulp.enqueue_keys()) as key where key <> all (pulp.enqueue_keys('internal'))), ', '));
  end if;
  if jsonb_typeof(item -> 'name') is distinct from 'string' or not pulp.is_name(item ->> 'name') then
    return 'name: ' || a_name;
  end if;
  if item ? 'queue' and item ->> 'queue' is not null and (jsonb_typeof(item -> 'queue') <> 'string' or not pulp.is_name(item ->> 'queue')) then
    return 'queue: ' || a_name;
  end if;
  if item ->> 'args' is not null and jsonb_typeof(item -> 'args') <> 'array' then
    return 'args: must be an array';
  end if;
  if item ->> 'kwargs' is not null and jsonb_typeof(item -> 'kwargs') <> 'object' then
    return 'kwargs: must be an object';
  end if;
  problem := coalesce(
    pulp.payload_problem(item -> 'args', 'args'),
    pulp.payload_problem(item -> 'kwargs', 'kwargs'),
    pulp.resources_problem(item -> 'resources', 'resources'),
    pulp.resources_problem(item -> 'shared_resources', 'shared_resources'));
  if problem is not null then
    return problem;
  end if;
  if jsonb_array_length(coalesce(item -> 'resources', '[]')) + jsonb_array_length(coalesce(item -> 'shared_resources', '[]')) > 256 then
    return 'resources: a task may claim at most 256';
  end if;
  if item ? 'id' and item ->> 'id' is not null and not pulp.is_uuid(item ->> 'id') then
    return 'id: must be a UUID';
  end if;
  if item ? 'unchecked' and jsonb_typeof(item -> 'unchecked') not in ('boolean', 'null') then
    return 'unchecked: must be true or false';
  end if;
  if item - pulp.enqueue_keys('usual') = '{}' then
    return null;
  end if;
  if item ? 'priority' and item ->> 'priority' is not null and (jsonb_typeof(item -> 'priority') <> 'number'
    or item ->> 'priority' !~ '^-?[0-9]{1,9}$') then
    return 'priority: must be an integer between -999999999 and 999999999';
  end if;
  if item ? 'retries' and item ->> 'retries' is not null and (jsonb_typeof(item -> 'retries') <> 'number'
    or item ->> 'retries' !~ '^[0-9]{1,4}$') then
    return 'retries: must be an integer between 0 and 9999';
  end if;
  if item ? 'delay' and item ->> 'delay' is not null and pulp.duration_seconds(item -> 'delay') is null then
    return 'delay: must be a number of seconds or a text such as 500ms, 30s, 10m, 2h, 1d';
  end if;
  if item ? 'timeout' and item ->> 'timeout' is not null and coalesce(pulp.duration_seconds(item -> 'timeout'), 0) <= 0 then
    return 'timeout: must be a number of seconds above 0 or a text such as 500ms, 30s, 10m, 2h, 1d';
  end if;
  if item ? 'at' and item ->> 'at' is not null then
    if item ? 'delay' and item ->> 'delay' is not null then
      return 'at: give either a delay or a time, not both';
    elsif pulp.point_in_time(item ->> 'at') is null then
      return 'at: must be a time in ISO 8601 with its offset, such as 2030-01-31T12:00:00Z';
    end if;
  end if;
  if item ? 'group' and item ->> 'group' is not null and (jsonb_typeof(item -> 'group') <> 'string'
    or octet_length(item ->> 'group') not between 1 and 256) then
    return 'group: must be a text of 1 to 256 bytes';
  end if;
  if item ? 'correlation_id' and item ->> 'correlation_id' is not null and (jsonb_typeof(item -> 'correlation_id') <> 'string'
    or octet_length(item ->> 'correlation_id') not between 1 and 256) then
    return 'correlation_id: must be a text of 1 to 256 bytes';
  end if;
  if item ? 'trace_context' and item ->> 'trace_context' is not null and not pulp.is_trace_context(item -> 'trace_context') then
    return 'trace_context: must be an object with a traceparent, and a tracestate if there is one, as W3C Trace Context has them';
  end if;
  problem := pulp.unique_problem(item -> 'unique');
  if problem is not null then
    return 'unique: ' || problem;
  end if;
  problem := pulp.requires_problem(item -> 'requires');
  if problem is not null then
    return 'requires: ' || problem;
  end if;
  problem := pulp.units_problem(item -> 'units', item -> 'resources', item -> 'shared_resources');
  if problem is not null then
    return problem;
  end if;
  if item ->> 'after' is not null and (jsonb_typeof(item -> 'after') <> 'array' or jsonb_array_length(item -> 'after') > 256
    or exists (select from jsonb_array_elements(item -> 'after') as a where jsonb_typeof(a) <> 'string' or not pulp.is_uuid(a #>> '{}'))) then
    return 'after: must be an array of UUIDs of tasks, 256 at most';
  end if;
  if item ->> 'on' is not null and item -> 'on' not in ('"success"', '"finish"') then
    return 'on: must be success or finish';
  elsif item ->> 'on' is not null and coalesce(item -> 'after', 'null') in ('null', '[]') then
    return 'on: says how tasks have to end that it comes after, and there are none: give after';
  end if;
  if item ? 'finally' and jsonb_typeof(item -> 'finally') not in ('boolean', 'null') then
    return 'finally: must be true or false';
  elsif item -> 'finally' = 'true' and item ->> 'group' is null then
    return 'finally: it runs last of its group: give the group';
  elsif item -> 'finally' = 'true' and pulp.unique_asked(item -> 'unique') is not null then
    return 'unique: no other task can stand for one that runs last of its group: leave it out';
  end if;
  if item ? 'parent_id' and item ->> 'parent_id' is not null and not pulp.is_uuid(item ->> 'parent_id') then
    return 'parent_id: must be a UUID';
  end if;
  return null;
end $$;
comment on function pulp.item_problem is 'What is wrong with one item of an enqueue, or null.';
