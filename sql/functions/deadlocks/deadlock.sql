-- The circle in which a task waits that runs, for the end of another one; null if there is none: then that one can end. An array of steps,
-- each with the task, what it needs, and by way of what (see pulp.task_needs), from the one that waits round to it. Of large
-- thickets it is not told.
create or replace function pulp.deadlock(waiter uuid, awaited uuid) returns jsonb
language plpgsql stable as $$
declare
  most constant integer := 300;
  seen uuid[] := '{}';
  frontier uuid[] := array[awaited];
  here record;
  tasks uuid[] := '{}';
  hows text[] := '{}';
  whats text[] := '{}';
  needs uuid[] := '{}';
  stuck uuid[];
  free uuid[];
  reached uuid[] := array[awaited];
  by_step integer[] := array[0];
  place integer := 0;
  step integer;
  circle jsonb := '[]';
begin
  while frontier <> '{}' loop
    seen := seen || frontier;
    if cardinality(seen) > most then
      return null;
    end if;
    select coalesce(array_agg(f.id), '{}') as tasks, coalesce(array_agg(n.how), '{}') as hows, coalesce(array_agg(n.what), '{}') as whats,
        coalesce(array_agg(n.needs), '{}') as needs
      into here
      from unnest(frontier) as f(id) cross join lateral pulp.task_needs(f.id) n;
    tasks := tasks || here.tasks;
    hows := hows || here.hows;
    whats := whats || here.whats;
    needs := needs || here.needs;
    frontier := array(select distinct n from unnest(here.needs) as n where n <> all (seen));
  end loop;
  if waiter <> all (needs) then
    return null;
  end if;

  -- A task that needs nobody who is stuck can end: it needs all of the rest, and one slot.
  stuck := seen;
  loop
    free := array(
      select s.id from unnest(stuck) as s(id)
      where not exists (
          select from unnest(tasks, hows, needs) as n(task, how, needs) where n.task = s.id and n.how <> 'slot' and n.needs = any (stuck))
        and (not exists (select from unnest(tasks, hows) as n(task, how) where n.task = s.id and n.how = 'slot') or exists (
          select from unnest(tasks, hows, needs) as n(task, how, needs) where n.task = s.id and n.how = 'slot' and n.needs <> all (stuck))));
    exit when free = '{}';
    stuck := array(select unnest(stuck) except select unnest(free));
  end loop;
  if awaited <> all (stuck) or waiter <> all (stuck) then
    return null;
  end if;

  -- The shortest way round.
  while waiter <> all (reached) and place < cardinality(reached) loop
    place := place + 1;
    for step in
      select min(n.step) from unnest(tasks, needs) with ordinality as n(task, needs, step)
      where n.task = reached[place] and n.needs = any (stuck) and n.needs <> all (reached) group by n.needs
    loop
      reached := reached || needs[step];
      by_step := by_step || step;
    end loop;
  end loop;
  place := array_position(reached, waiter);
  while place > 1 loop
    step := by_step[place];
    circle := jsonb_build_array(jsonb_build_object(
      'id', tasks[step], 'name', (select t.name from pulp.task t where t.id = tasks[step]), 'how', hows[step], 'what', whats[step],
      'needs', needs[step])) || circle;
    place := array_position(reached, tasks[step]);
  end loop;
  return jsonb_build_array(jsonb_build_object(
    'id', waiter, 'name', (select t.name from pulp.task t where t.id = waiter), 'how', 'awaits', 'what', null, 'needs', awaited)) || circle;
end $$;
comment on function pulp.deadlock is 'The circle in which a task waits for the end of another one, or null.';
