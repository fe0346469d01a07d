-- Refuses publications of task types that would be a burden to all who read them: names that are none, schemas that are no objects,
-- longer than 64 KiB, or deeper than 64 levels.
create or replace function pulp.check_publications(task_types jsonb) returns void
language plpgsql stable as $$
declare
  problem text;
begin
  if jsonb_typeof(task_types) is distinct from 'array' then
    problem := 'task types: must be an array';
  elsif pulp.has_huge_number(task_types) then
    problem := 'task types: a number in them is too large for JavaScript';
  else
    select case
        when pulp.is_name(t ->> 'name') is not true then
          format('task type %s: its name must start with a letter and have at most 128 letters, digits and characters of _.:@-',
            to_json(left(t ->> 'name', 128)))
        when octet_length((t - 'schema')::text) > 4096 then format('task type %s: is longer than 4096 bytes beside its schema', t ->> 'name')
        when jsonb_typeof(t -> 'schema') is distinct from 'object' then format('task type %s: its schema must be an object', t ->> 'name')
        when octet_length((t -> 'schema')::text) > 65536 then format('task type %s: its schema is longer than 65536 bytes', t ->> 'name')
        when pulp.defaults_problem(t -> 'defaults') is not null then format('task type %s: defaults: %s', t ->> 'name', pulp.defaults_problem(t -> 'defaults'))
        else format('task type %s: %s', t ->> 'name', pulp.payload_problem(t -> 'schema', 'schema')) end
      into problem
      from jsonb_array_elements(task_types) as t
      where (pulp.is_name(t ->> 'name') and octet_length((t - 'schema')::text) <= 4096 and jsonb_typeof(t -> 'schema') = 'object'
        and octet_length((t -> 'schema')::text) <= 65536 and pulp.payload_problem(t -> 'schema', 'schema') is null
        and pulp.defaults_problem(t -> 'defaults') is null) is not true
      limit 1;
  end if;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct it in the tasks file; nothing was published.';
  end if;
end $$;
comment on function pulp.check_publications is 'Refuses publications of task types that would be a burden.';
