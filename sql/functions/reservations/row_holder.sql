-- Who has the row of a task locked in an open transaction, in words; null if nobody can be named. The row says which
-- transaction, the lock that every transaction has on itself says whose that is.
create or replace function pulp.row_holder(task uuid) returns text
language sql volatile as $$
  select pulp.session_text(l.pid)
  from (select t.xmax as xid from pulp.task t where t.id = row_holder.task offset 0) locked
  join pg_locks l on l.locktype = 'transactionid' and l.transactionid = locked.xid and l.mode = 'ExclusiveLock' and l.granted
  where l.pid <> pg_backend_pid()
  limit 1
$$;
comment on function pulp.row_holder is 'Who has the row of a task locked, in words.';
