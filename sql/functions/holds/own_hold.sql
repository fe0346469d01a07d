-- A hold on which the caller may act, its row locked. One that is over is refused as lost.
create or replace function pulp.own_hold(hold_id uuid) returns pulp.hold
language plpgsql as $$
declare
  known pulp.hold;
begin
  select * into known from pulp.hold h where h.id = own_hold.hold_id for update;
  if not found or not (pulp.acts_for(known.actor) or pulp.is_operator()) then
    raise exception 'hold % is over, or never was', hold_id using errcode = 'PU031',
      hint = '`pulp events --kind system` tells what became of it. Its resources may be others'' by now.';
  end if;
  return known;
end $$;
comment on function pulp.own_hold is 'A hold on which the caller may act, its row locked.';
