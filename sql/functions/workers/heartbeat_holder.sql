-- Who keeps heartbeats out of their tables, in words: sessions with a lock that lets nobody write there, or that wait for one, and
-- whom they wait for; null if nobody does. Looks at no table that may be locked.
create or replace function pulp.heartbeat_holder() returns text
language sql stable security definer set search_path = pulp, pg_temp as $$
  select string_agg(
    format('pulp.%s is locked by %s', h.relname, pulp.session_text(h.pid))
      || case when h.granted then '' else ', which waits for '
        || coalesce((select string_agg(pulp.session_text(b.pid), ' and ') from unnest(pg_blocking_pids(h.pid)) as b(pid)), 'others') end,
    '; ')
  from (
    select distinct on (l.pid) l.pid, c.relname, l.granted
    from pg_locks l
    join pg_class c on c.oid = l.relation
    where l.locktype = 'relation' and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      and l.relation in (
        select 'pulp.worker'::regclass::oid
        union all select 'pulp.event_single'::regclass::oid
        union all select 'pulp.event_heartbeat'::regclass::oid
        union all select i.inhrelid from pg_inherits i where i.inhparent = 'pulp.event_heartbeat'::regclass)
    order by l.pid, l.granted, c.relname
  ) h
$$;
comment on function pulp.heartbeat_holder is 'Who keeps heartbeats out of their tables, in words.';
