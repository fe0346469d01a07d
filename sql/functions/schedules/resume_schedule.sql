-- Lets a schedule go on that is paused. What came meanwhile is skipped.
create or replace function pulp.resume_schedule(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  schedule constant pulp.schedule := pulp.own_schedule(name, reason);
begin
  if schedule.state <> 'paused' then
    raise exception 'schedule "%" is not paused', name using errcode = 'PU029', hint = '`pulp schedule show` tells how it is.';
  end if;
  perform pulp.append_schedule_event(schedule, 'ScheduleResumed', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.resume_schedule is 'Lets a schedule go on that is paused.';
