-- Keeps tasks back until their time has come, by the database's clock: a delay asked for, or the pause before a retry.
create or replace function pulp.defer(ids uuid[]) returns void
language plpgsql as $$
begin
  insert into pulp.deferred (task_id, due_at)
    select t.id, t.run_after from unnest(ids) as i(id)
    cross join lateral (select x.id, x.run_after from pulp.task x where x.id = i.id offset 0) t;
  perform pulp.notify('pulp_grant', ''); -- the resource manager sets its timer anew
end $$;
comment on function pulp.defer is 'Keeps tasks back until their time has come.';
