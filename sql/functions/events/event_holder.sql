-- The open transaction that committed events are held back for: readers of the log see nothing that is newer than it until
-- it ends. It may be in another database of the server. No row if no event is held back; on a standby, and for what has just
-- ended, a row without a process.
create or replace function pulp.event_holder()
returns table (pid integer, since timestamptz, application text, username text, database text, prepared text)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  oldest constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  horizon constant xid8 := pulp.log_horizon();
begin
  if not exists (select from pulp.event_batch b where b.tx >= horizon order by b.tx, b.first limit 1)
    and not exists (
      select from pulp.event_single e where e.stream_kind <> 'heartbeat' and e.tx >= horizon order by e.tx, e.position limit 1)
  then
    return;
  end if;
  return query
    select a.pid, coalesce(a.xact_start, p.prepared), nullif(a.application_name, ''), coalesce(a.usename, p.owner)::text,
      coalesce(a.datname, p.database)::text, p.gid
    from (select oldest::xid as xid) held
    left join pg_locks l on l.locktype = 'transactionid' and l.transactionid = held.xid and l.granted and l.mode = 'ExclusiveLock'
    left join pg_stat_activity a on a.pid = l.pid
    left join pg_prepared_xacts p on p.transaction = held.xid;
end $$;
comment on function pulp.event_holder is 'The open transaction that committed events are held back for.';
