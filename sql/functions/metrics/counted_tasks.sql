-- How many tasks are in each phase by pulp.task_flow: who came there, less who went.
create or replace function pulp.counted_tasks() returns table (queue text, name text, phase text, tasks bigint)
language sql stable as $$
  select f.queue, f.name, move.phase, sum(move.number)::bigint
  from (
    select flow.queue, flow.name, flow.before, flow.after, sum(flow.number) as number from pulp.task_flow flow
    where flow.name <> ''
    group by flow.queue, flow.name, flow.before, flow.after
  ) f
  cross join lateral (values (f.after, f.number), (f.before, -f.number)) as move(phase, number)
  where move.phase <> ''
  group by f.queue, f.name, move.phase
  having sum(move.number) <> 0
$$;
comment on function pulp.counted_tasks is 'How many tasks are in each phase, by queue and type.';
