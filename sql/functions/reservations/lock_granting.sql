-- Takes the lock of the one who grants and decides where tasks go, until the end of the transaction. It is not waited for:
-- if somebody else has it, such as a transaction that was left open, that one is named and the caller comes again.
create or replace function pulp.lock_granting() returns void
language plpgsql as $$
declare
  holder text;
begin
  if pg_try_advisory_xact_lock(pulp.lock_class('grant'), 0) then
    return;
  end if;
  select pulp.session_text(l.pid) into holder from pg_locks l
    where l.locktype = 'advisory' and l.classid = pulp.lock_class('grant')::oid and l.objid = 0 and l.objsubid = 2 and l.granted
      and l.database = (select oid from pg_database where datname = current_database());
  raise exception 'the lock of granting is held by %', coalesce(holder, 'a transaction that has just ended')
    using errcode = 'lock_not_available', hint = 'End that transaction; until then nothing is granted.';
end $$;
comment on function pulp.lock_granting is 'Takes the lock of the one who grants, or names who has it.';
