-- Notes that the code of a task that runs waits for the end of another one; refuses it where that could never end, since it needs in turn
-- what the one that waits holds, or a slot while all wait. One at a time, or two could close a circle between them.
create or replace function pulp.begin_wait(task uuid, awaited uuid) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  circle jsonb;
begin
  perform pg_advisory_xact_lock(pulp.lock_class('wait'), 0);
  update pulp.running r set awaits = array_remove(r.awaits, begin_wait.awaited) || begin_wait.awaited where r.task_id = begin_wait.task
      and exists (select from pulp.task t where t.id = begin_wait.task and pulp.acts_for(t.owner));
  if not found or not exists (select from pulp.task t where t.id = begin_wait.awaited and t.finished_at is null) then
    return; -- it does not run (any more, or in this database), or will not have to wait
  end if;
  circle := pulp.deadlock(begin_wait.task, begin_wait.awaited);
  if circle is not null then
    raise exception 'it would wait for ever: %', pulp.circle_text(circle) using errcode = 'PU045', detail = circle,
      hint = 'Let the task end without waiting, let only one of them claim what both need, or give its workers more slots.';
  end if;
end $$;
comment on function pulp.begin_wait is 'Notes that the code of a task waits for the end of another one.';
