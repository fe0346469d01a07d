-- The server was promoted, or recovered to a point in time: of what was open then, the history that it left may have committed
-- something, and have shown it to readers. The first tx, up to the log's last, that may be such a one; null: there is none. To this
-- history it looks like one that was rolled back. It is looked for from the last sign of life on, which tells what was decided by then, and
-- not further back than a million transactions.
create or replace function pulp.first_undecided(era pulp.era, last_tx xid8) returns xid8
language plpgsql stable set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  last_xid constant bigint := last_tx::text::bigint - era.tx_offset;
  decided bigint;
begin
  select (e.data ->> 'decided')::bigint into decided from pulp.event_heartbeat e
    order by e.tx desc, e.position desc limit 1;
  return (
    select (xid + era.tx_offset)::text::xid8
    from generate_series(greatest(decided - era.tx_offset, era.first_tx::text::bigint - era.tx_offset, last_xid - 1000000, 3), last_xid) as xid
    where pg_xact_status(xid::text::xid8) = 'aborted' order by xid limit 1);
end $$;
comment on function pulp.first_undecided is 'The first tx that may have been decided otherwise in the history that was left.';
