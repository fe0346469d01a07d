-- Since when the oldest snapshot of the cluster has been held, beside this session's, and by whom: no row that was deleted since can be cleaned up. A transaction that
-- has written holds the snapshots of others back as long as it is open, and counts like one that has its own. No row if there is none. Of sessions of others
-- the server tells the owner of the schema alone if he is a member of pg_read_all_stats.
create or replace function pulp.oldest_snapshot() returns table (since timestamptz, holder text)
language sql stable as $$
  select s.since, s.holder
  from (
    select a.xact_start, pulp.session_text(a.pid) from pg_stat_activity a
      where (a.backend_xmin is not null or a.backend_xid is not null) and a.pid <> pg_backend_pid()
    union all
    select p.prepared, format('the prepared transaction %L', p.gid) from pg_prepared_xacts p
  ) s (since, holder)
  where s.since is not null
  order by s.since limit 1
$$;
comment on function pulp.oldest_snapshot is 'Since when the oldest snapshot of the cluster has been held, and by whom.';
