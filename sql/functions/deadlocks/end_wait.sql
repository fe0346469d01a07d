-- Notes that the code of a task does not wait for the end of another one any more. With the run, it is forgotten in any case.
create or replace function pulp.end_wait(task uuid, awaited uuid) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set enable_seqscan = off as $$
#variable_conflict use_column
begin
  update pulp.running r set awaits = nullif(array_remove(r.awaits, end_wait.awaited), '{}')
    where r.task_id = end_wait.task and end_wait.awaited = any (r.awaits)
      and exists (select from pulp.task t where t.id = end_wait.task and pulp.acts_for(t.owner));
end $$;
comment on function pulp.end_wait is 'Notes that the code of a task does not wait for the end of another one any more.';
