-- Looks for workers that are marked online and are not: silent for longer than the ttl (seconds), or without their
-- session. Each is given up: its token is raised by marking it, what is left of its session is ended, its runs are
-- recovered. Gives their names, and how many resource managers and other workers are online after it.
create or replace function pulp.check_worker_processes(
  ttl double precision, out missing text[], out resource_managers integer, out workers integer
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
begin
  missing := array(
    select w.name from pulp.worker w
    left join pulp.worker_sessions() s on s.worker = w.name
    where w.state = 'online' and (s.backend_pid is null or w.last_heartbeat < clock_timestamp() - ttl * interval '1 s')
    order by w.name);
  perform pulp.mark_worker_offline(name, false) from unnest(missing) as name;
  select count(*) filter (where w.name like 'resource-manager%'), count(*) filter (where w.name not like 'resource-manager%')
    into resource_managers, workers
    from pulp.worker w where w.state = 'online';
end $$;
comment on function pulp.check_worker_processes is 'Gives up workers that are marked online and are not.';
