-- The backend of the resource manager that leads; null if nobody does: whoever has the lock, and was elected. Anybody who may take
-- advisory locks may have the lock.
create or replace function pulp.leader_session() returns integer
language sql stable security definer set search_path = pulp, pg_temp as $$
  select l.pid from pg_locks l join pulp.leader elected on elected.backend_pid = l.pid
  where l.locktype = 'advisory' and l.classid = pulp.lock_class('leader')::oid and l.objid = 0 and l.objsubid = 2 and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
$$;
comment on function pulp.leader_session is 'The backend of the resource manager that leads.';
