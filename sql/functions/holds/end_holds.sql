-- Ends the holds whose time is over, and those that give no sign of life; what somebody has locked just now is left for the next look. For
-- the leader.
create or replace function pulp.end_holds() returns void
language plpgsql as $$
declare
  over uuid;
  known pulp.hold;
  why text;
begin
  for over in
    select x.id from pulp.hold x where x.until <= clock_timestamp()
    union
    select l.hold_id from pulp.hold_lease l where l.lost_at <= clock_timestamp()
  loop
    select * into known from pulp.hold h where h.id = over for update skip locked;
    -- It may have been renewed until now.
    why := case
      when known.until <= clock_timestamp() then 'expired'
      when known.id is not null and exists (select from pulp.hold_lease l where l.hold_id = over and l.lost_at <= clock_timestamp()) then 'lost' end;
    if why is not null then
      perform pulp.append_hold_event(known, over, 'HoldReleased', jsonb_build_object('why', why, 'reason', null));
    end if;
  end loop;
end $$;
comment on function pulp.end_holds is 'Ends the holds whose time is over, and those that give no sign of life.';
