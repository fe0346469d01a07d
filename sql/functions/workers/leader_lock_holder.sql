-- Who has the lock of leading, in words, without having been elected; null if nobody does.
create or replace function pulp.leader_lock_holder() returns text
language sql stable as $$
  select pulp.session_text(l.pid) from pg_locks l
  where l.locktype = 'advisory' and l.classid = pulp.lock_class('leader')::oid and l.objid = 0 and l.objsubid = 2 and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and not exists (select from pulp.leader elected where elected.backend_pid = l.pid)
$$;
comment on function pulp.leader_lock_holder is 'Who has the lock of leading without having been elected.';
