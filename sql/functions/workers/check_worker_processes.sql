-- Looks for workers that are marked online and are not: silent for longer than the ttl (seconds), or without the session
-- that they were born on. Each is given up and its runs are recovered. Gives their names, how many resource managers and
-- other workers are online after it, and whether anybody leads.
create or replace function pulp.check_worker_processes(
  ttl double precision, out missing text[], out resource_managers integer, out workers integer, out led boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
declare
  gone pulp.worker[];
begin
  gone := array(
    select w from pulp.worker w
    left join pulp.worker_sessions() s on s.worker = w.name
    where w.state = 'online'
      and (w.backend_pid is not null and s.backend_pid is null or w.last_heartbeat < clock_timestamp() - ttl * interval '1 s')
    order by w.name);
  -- Whoever is born meanwhile under such a name is not meant.
  perform pulp.end_worker(w.name, 'WorkerMissing', false, format('Worker %s has gone missing.', w.name), w.incarnation)
    from unnest(gone) as w;
  missing := array(select w.name from unnest(gone) as w);
  select count(*) filter (where w.name like 'resource-manager%'), count(*) filter (where w.name not like 'resource-manager%')
    into resource_managers, workers
    from pulp.worker w where w.state = 'online';
  led := pulp.leader_session() is not null;
end $$;
comment on function pulp.check_worker_processes is 'Gives up workers that are marked online and are not.';
