-- Counts these tasks as gone from one phase to another; null: from or to nowhere.
create or replace function pulp.count_moves(ids uuid[], before text, after text) returns void
language sql as $$
  insert into pulp.task_flow (queue, name, before, after, number)
  select t.queue, t.name, coalesce(count_moves.before, ''), coalesce(count_moves.after, ''), count(*)
  from unnest(ids) as i(id) cross join lateral (select x.queue, x.name from pulp.task x where x.id = i.id offset 0) t
  group by t.queue, t.name
$$;
comment on function pulp.count_moves is 'Counts tasks as gone from one phase to another.';
