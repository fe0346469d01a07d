-- A schedule of that name on which the caller may act, its row locked.
create or replace function pulp.own_schedule(name text, reason text default null) returns pulp.schedule
language plpgsql as $$
#variable_conflict use_column
declare
  schedule pulp.schedule;
begin
  if octet_length(reason) > 16384 then
    raise exception 'reason: is % bytes long; at most 16384 are allowed', octet_length(reason) using errcode = 'PU004',
      hint = 'Give a shorter one; nothing was changed.';
  end if;
  select * into schedule from pulp.schedule s where s.name = own_schedule.name for update;
  if not found or not (pulp.acts_for(schedule.owner) or pulp.is_operator()) then
    raise exception 'there is no schedule "%"', own_schedule.name using errcode = 'PU027', hint = '`pulp schedule list` shows those known.';
  end if;
  return schedule;
end $$;
comment on function pulp.own_schedule is 'A schedule on which the caller may act, its row locked.';
