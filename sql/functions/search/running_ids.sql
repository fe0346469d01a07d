-- The tasks that workers have in hand, of those that the caller may see: few, however many tasks there are.
create or replace function pulp.running_ids() returns setof uuid
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  if pulp.sees_all() then
    return query select r.task_id from pulp.running r;
  else
    return query select r.task_id from pulp.running r join pulp.task t on t.id = r.task_id where pulp.acts_for(t.owner);
  end if;
end $$;
comment on function pulp.running_ids is 'The tasks that workers have in hand, of those that the caller may see.';
