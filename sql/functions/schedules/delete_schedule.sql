-- Deletes a schedule. Its history stays, and so do its tasks.
create or replace function pulp.delete_schedule(name text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pulp.append_schedule_event(pulp.own_schedule(name, reason), 'ScheduleDeleted', jsonb_build_object('reason', reason));
end $$;
comment on function pulp.delete_schedule is 'Deletes a schedule.';
