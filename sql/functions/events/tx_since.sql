-- The transaction from which on all was recorded at or after a moment; "up_to" if there is none before it. Transactions get their numbers
-- in the order of time, so it is looked for by halving; what those recorded that had stayed open counts where they began.
create or replace function pulp.tx_since(moment timestamptz, up_to xid8) returns xid8
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
  from_tx bigint := coalesce((select max(e.first_tx::text::bigint) from pulp.era e where e.begun_at < moment), 0);
  to_tx bigint := up_to::text::bigint;
  middle bigint;
  recorded timestamptz;
begin
  while from_tx < to_tx loop
    middle := from_tx + (to_tx - from_tx) / 2;
    select e.recorded_at into recorded
      from (
        (select b.tx, b.first as position, b.recorded_at from pulp.event_batch b
          where b.tx >= middle::text::xid8 order by b.tx, b.first limit 1)
        union all
        (select s.tx, s.position, s.recorded_at from pulp.event_single s
          where s.tx >= middle::text::xid8 order by s.tx, s.position limit 1)
      ) e
      order by e.tx, e.position limit 1;
    if recorded < moment then
      from_tx := middle + 1;
    else
      to_tx := middle;
    end if;
  end loop;
  return from_tx::text::xid8;
end $$;
comment on function pulp.tx_since is 'The transaction from which on all was recorded at or after a moment.';
