-- Where a period and its equal parts begin and end in the order of transactions: of each bound, the first transaction from which on all
-- was recorded at or after it. Transactions get their numbers in the order of time, so it is looked for by halving; what one
-- recorded that had stayed open counts where it began.
create or replace function pulp.tx_bounds(since timestamptz, until timestamptz, parts integer) returns xid8[]
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  bounds xid8[] := '{}';
  moment timestamptz;
  from_tx bigint := 0;
  to_tx bigint;
  middle bigint;
  recorded timestamptz;
begin
  for part in 0..parts loop
    moment := since + (until - since) / parts * part;
    to_tx := pg_snapshot_xmax(pg_current_snapshot())::text::bigint + (pulp.current_era()).tx_offset;
    while from_tx < to_tx loop
      middle := from_tx + (to_tx - from_tx) / 2;
      select b.recorded_at into recorded
        from pulp.event_batch b
        where b.tx >= middle::text::xid8 and b.recorded_at >= since - interval '1 hour'
        order by b.tx, b.first limit 1;
      if recorded < moment then
        from_tx := middle + 1;
      else
        to_tx := middle;
      end if;
    end loop;
    bounds := bounds || from_tx::text::xid8;
  end loop;
  return bounds;
end $$;
comment on function pulp.tx_bounds is 'Where a period and its equal parts begin and end in the order of transactions.';
