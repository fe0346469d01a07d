-- Rules task_counts and group_counts: as many tasks are in each phase as pulp.task_flow says, and in each group as pulp.group_flow says.
create or replace function pulp.verify_counts() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'task_counts', 'system', format('%s/%s', m.queue, m.name), format('so many are counted as %s, and are not', m.phase),
      jsonb_build_object(m.phase, m.there), jsonb_build_object(m.phase, m.counted)
    from pulp.miscounted_tasks() m
    order by m.queue, m.name, m.phase;
  return query
    select 'group_counts', 'system', pulp.group_stream(m.group_id),
      case m.state when '' then 'so many are counted in it, and are not' else format('so many are counted as %s, and are not', m.state) end,
      to_jsonb(m.there), to_jsonb(m.counted)
    from pulp.miscounted_groups() m
    order by m.group_id, m.state;
end $$;
comment on function pulp.verify_counts is 'Whether as many tasks are in each phase, and in each group, as is counted.';
