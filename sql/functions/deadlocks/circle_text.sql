-- A circle that pulp.deadlock gives, in words.
create or replace function pulp.circle_text(circle jsonb) returns text
language sql immutable parallel safe as $$
  select string_agg(format('task %s (%s) %s', s.step ->> 'id', s.step ->> 'name', case s.step ->> 'how'
      when 'awaits' then format('waits for the end of task %s', s.step ->> 'needs')
      when 'held' then format('needs %s, which task %s holds', s.step ->> 'what', s.step ->> 'needs')
      when 'line' then format('needs %s, where task %s stands before it', s.step ->> 'what', s.step ->> 'needs')
      when 'after' then format('comes after task %s', s.step ->> 'needs')
      when 'group' then format('comes last in the group %s, in which task %s is', s.step ->> 'what', s.step ->> 'needs')
      else format('needs a slot, and all that could run it are held by tasks that wait, such as %s', s.step ->> 'needs') end),
    '; ' order by s.ordinality)
  from jsonb_array_elements(circle) with ordinality as s(step, ordinality)
$$;
comment on function pulp.circle_text is 'A circle of tasks that wait for each other, in words.';
