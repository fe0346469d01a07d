-- Of the tasks that are held back, those to be told of now, each once: at once, or after some three seconds where
-- only somebody else's lock is in the way. At most three with their errors, and how many.
create or replace function pulp.tell_held_back() returns jsonb
language plpgsql as $$
declare
  named jsonb;
begin
  with told as (
    update pulp.held_back h set told = true
    where not h.told and h.tries >= case when pulp.is_passing(h.code) then 6 else 1 end
    returning h.task_id, h.code, h.message
  ),
  numbered as (
    select t.*, row_number() over (order by t.task_id) as number from told t
  )
  select jsonb_build_object('number', count(*), 'first', coalesce(
      jsonb_agg(jsonb_build_object('task', task_id, 'code', code, 'message', message) order by number) filter (where number <= 3), '[]'))
    into named from numbered having count(*) > 0;
  return named;
end $$;
comment on function pulp.tell_held_back is 'Those of the tasks that are held back which are to be told of now.';
