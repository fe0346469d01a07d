-- The sessions that hold workers' names: who is really there.
create or replace function pulp.worker_sessions() returns table (worker text, backend_pid integer)
language sql stable as $$
  select n.name, l.pid
  from pg_locks l
  join pulp.worker_name n on n.id::oid = l.objid
  where l.locktype = 'advisory' and l.classid = pulp.lock_class('worker')::oid and l.objsubid = 2 and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
$$;
comment on function pulp.worker_sessions is 'The sessions that hold workers'' names.';
