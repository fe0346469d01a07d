-- Puts off a task that could not be brought forward: it is tried again after 0.1 s, doubled each time, up to a minute; up to 5 s
-- where only a lock was in the way, which may go at any moment.
create or replace function pulp.hold_back(task uuid, failed_step text, error_code text, error_message text) returns void
language plpgsql as $$
declare
  now constant timestamptz := clock_timestamp();
  most constant integer := case when pulp.is_passing(error_code) then 5 else 60 end;
begin
  insert into pulp.held_back as h (task_id, step, since, not_before, tries, code, message, told)
    values (task, failed_step, now, now + interval '0.1 s', 1, error_code, left(error_message, 2000), false)
    on conflict (task_id) do update set step = excluded.step, tries = h.tries + 1, code = excluded.code, message = excluded.message,
      not_before = now + least(0.1 * 2 ^ least(h.tries, 10), most) * interval '1 s';
end $$;
comment on function pulp.hold_back is 'Puts off a task that could not be brought forward.';
