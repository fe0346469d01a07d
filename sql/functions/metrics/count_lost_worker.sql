-- Counts a worker as lost: by "death", which was told, or because its "lease" ran out.
create or replace function pulp.count_lost_worker(cause text) returns void
language sql as $$
  insert into pulp.task_flow (queue, name, before, after, cause, number) values ('', '', 'online', 'missing', cause, 1)
$$;
comment on function pulp.count_lost_worker is 'Counts a worker as lost.';
