-- Lets go of what is held, or leaves the line. For whoever asked for it, and for operators.
create or replace function pulp.release_hold(hold uuid, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  known constant pulp.hold := pulp.own_hold(hold);
begin
  perform pulp.check_reason(reason);
  perform pulp.append_hold_event(known, known.id, 'HoldReleased', jsonb_build_object('why', 'released', 'reason', reason));
end $$;
comment on function pulp.release_hold is 'Lets go of what is held, or leaves the line.';
