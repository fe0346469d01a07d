-- What changes with every sign of life of a worker: an observer that sees the same mark for the whole TTL has seen none.
create or replace function pulp.worker_mark(worker pulp.worker) returns text
language sql stable parallel safe as $$
  select worker.incarnation || ':' || extract(epoch from worker.last_heartbeat)
$$;
comment on function pulp.worker_mark is 'What changes with every sign of life of a worker.';
