-- What a task asks to come after, as pulp.dependency has it, as long as it waits for any of that.
create or replace function pulp.awaited_by(task pulp.task) returns table (kind text, name text)
language sql stable as $$
  select a.kind, a.name
  from (
    select 'task' as kind, parent::uuid::text as name from jsonb_array_elements_text((task).options -> 'after') as parent
    union
    select 'group', (task).group_id where (task).options ? 'finally'
  ) a
  where (task).state = 'waiting' and (task).run_after = 'infinity'
$$;
comment on function pulp.awaited_by is 'What a task asks to come after, as long as it waits for any of that.';
