-- Keeps a schedule from enqueueing until it is resumed. One that is paused already is paused anew, with this reason.
create or replace function pulp.pause_schedule(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  schedule constant pulp.schedule := pulp.own_schedule(name, reason);
begin
  if schedule.state = 'ended' then
    raise exception 'schedule "%" has ended', name using errcode = 'PU029', hint = 'There is nothing to pause.';
  end if;
  perform pulp.append_schedule_event(schedule, 'SchedulePaused', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.pause_schedule is 'Keeps a schedule from enqueueing until it is resumed.';
