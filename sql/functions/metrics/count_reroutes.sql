-- Counts those of these tasks that are about to go to another queue, in this phase. Their rows still say where they were.
create or replace function pulp.count_reroutes(ids uuid[], queues text[], phase text) returns void
language sql as $$
  insert into pulp.task_flow (queue, name, before, after, number)
  select case when way.is_out then t.queue else moved.queue end, t.name,
    case when way.is_out then phase else '' end, case when way.is_out then '' else phase end, count(*)
  from unnest(ids, queues) as moved(id, queue)
  cross join lateral (select x.queue, x.name from pulp.task x where x.id = moved.id offset 0) t
  cross join (values (true), (false)) as way(is_out)
  where t.queue <> moved.queue
  group by 1, 2, 3, 4
$$;
comment on function pulp.count_reroutes is 'Counts tasks that go to another queue.';
