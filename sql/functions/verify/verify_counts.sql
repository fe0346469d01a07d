-- Rule task_counts: as many tasks are in each phase as pulp.task_flow says.
create or replace function pulp.verify_counts() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'task_counts', 'system', format('%s/%s', m.queue, m.name), format('so many are counted as %s, and are not', m.phase),
      jsonb_build_object(m.phase, m.there), jsonb_build_object(m.phase, m.counted)
    from pulp.miscounted_tasks() m
    order by m.queue, m.name, m.phase;
end $$;
comment on function pulp.verify_counts is 'Whether as many tasks are in each phase as is counted.';
