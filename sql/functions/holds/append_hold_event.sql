-- Appends an event to the stream of a hold, whose row the caller has locked if there is one, and folds it into the row and its claims. Gives
-- the row after it.
create or replace function pulp.append_hold_event(known pulp.hold, hold_id uuid, type text, facts jsonb) returns pulp.hold
language plpgsql as $$
declare
  after constant pulp.hold := pulp.evolve_hold(known, pulp.append_system_event(
    'hold/' || hold_id, type, facts, after => coalesce(known.version, 0)));
  gone pulp.reservation[];
begin
  with claim as (
    delete from pulp.reservation r where r.task_id = append_hold_event.hold_id returning r::pulp.reservation as gone
  )
  select array_agg(claim.gone) into gone from claim;
  if after.id is null then
    delete from pulp.hold h where h.id = append_hold_event.hold_id;
    delete from pulp.hold_lease l where l.hold_id = append_hold_event.hold_id;
    delete from pulp.held_back b where b.task_id = append_hold_event.hold_id;
    perform pulp.wake_lines(gone);
  else
    if known.id is null then
      insert into pulp.hold select after.*;
    else -- in place, so that who waits for the row finds it then
      update pulp.hold h
        set state = after.state, granted_at = after.granted_at, until = after.until, fence = after.fence, version = after.version
        where h.id = after.id;
    end if;
    insert into pulp.reservation select c.* from pulp.claims_of_hold(after) c;
  end if;
  return after;
end $$;
comment on function pulp.append_hold_event is 'Appends an event to the stream of a hold and folds it.';
