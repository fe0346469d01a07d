-- One step with tasks, all or none: "due" lets go on those whose time has come, "grant" grants those that may have their claims,
-- "reroute" delivers anew those that nobody would fetch where they are. Gives how many were granted.
create or replace function pulp.bring_forward(step text, ids uuid[]) returns integer
language plpgsql as $$
begin
  case step
    when 'due' then
      perform pulp.end_deferral(array(select d.task_id from pulp.deferred d where d.task_id = any (ids) order by d.due_at, d.task_id));
    when 'grant' then
      return pulp.grant_candidates(ids);
    when 'reroute' then
      perform pulp.move_jobs(ids);
  end case;
  return 0;
end $$;
comment on function pulp.bring_forward is 'One step with tasks, all or none.';
