-- A schedule of that name on which the caller may act, its row locked.
create or replace function pulp.own_schedule(name text, reason text default null) returns pulp.schedule
language plpgsql as $$
#variable_conflict use_column
declare
  schedule pulp.schedule;
begin
  perform pulp.check_reason(reason);
  select * into schedule from pulp.schedule s where s.name = own_schedule.name for update;
  if not found or not (pulp.acts_for(schedule.owner) or pulp.is_operator()) then
    raise exception 'there is no schedule "%"', own_schedule.name using errcode = 'PU027', hint = '`pulp schedule list` shows those known.';
  end if;
  return schedule;
end $$;
comment on function pulp.own_schedule is 'A schedule on which the caller may act, its row locked.';
