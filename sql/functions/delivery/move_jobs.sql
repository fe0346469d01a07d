-- Delivers anew those of these tasks that belong into another queue now; "elsewhere" as pulp.route_tasks. The caller has their
-- jobs locked.
create or replace function pulp.move_jobs(ids uuid[], elsewhere boolean default false) returns void
language plpgsql as $$
declare
  moving uuid[];
  targets text[];
begin
  select array_agg(i.id order by i.ordinality), array_agg(i.target order by i.ordinality) into moving, targets
    from unnest(ids, pulp.route_tasks(ids, elsewhere)) with ordinality as i(id, target, ordinality)
    join pulp.task t on t.id = i.id and t.queue <> i.target;
  if moving is null then
    return;
  end if;
  delete from pgboss.job using unnest(moving) as moved(id), pulp.task t
    where t.id = moved.id and job.name = t.queue and job.id = moved.id;
  perform pulp.count_reroutes(moving, targets, 'claimable');
  perform pulp.append_task_events('TaskRerouted', moving,
    array(select jsonb_build_object('queue', target) from unnest(targets) with ordinality as x(target, o) order by o));
  perform pulp.deliver(moving);
end $$;
comment on function pulp.move_jobs is 'Delivers anew those of these tasks that belong into another queue now.';
