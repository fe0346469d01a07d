-- Puts right how many tasks are where; gives how many numbers were wrong. One statement: it sees tasks and counts as of one moment.
create or replace function pulp.rebuild_task_counts() returns bigint
language sql set search_path = pulp, pg_temp set jit = off as $$
  with corrected as (
    insert into pulp.task_flow (queue, name, before, after, cause, number)
    select m.queue, m.name, '', m.phase, 'recounted', m.there - m.counted from pulp.miscounted_tasks() m
    returning 1
  ),
  corrected_groups as (
    insert into pulp.group_flow (group_id, owner, state, number)
    select m.group_id, m.owner, m.state, m.there - m.counted from pulp.miscounted_groups() m
    returning 1
  )
  select (select count(*) from corrected) + (select count(*) from corrected_groups)
$$;
comment on function pulp.rebuild_task_counts is 'Puts right how many tasks are where.';
