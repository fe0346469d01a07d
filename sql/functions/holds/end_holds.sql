-- Ends the holds whose time is over, and those that give no sign of life; what somebody has locked just now is left for the next look. For
-- the leader.
create or replace function pulp.end_holds() returns void
language plpgsql as $$
declare
  over record;
begin
  for over in
    select h, case when h.until <= clock_timestamp() then 'expired' else 'lost' end as why
    from pulp.hold h
    where h.id in (
      select x.id from pulp.hold x where x.until <= clock_timestamp()
      union all
      select l.hold_id from pulp.hold_lease l where l.lost_at <= clock_timestamp())
    for update skip locked
  loop
    perform pulp.append_hold_event(over.h, (over.h).id, 'HoldReleased', jsonb_build_object('why', over.why, 'reason', null));
  end loop;
end $$;
comment on function pulp.end_holds is 'Ends the holds whose time is over, and those that give no sign of life.';
