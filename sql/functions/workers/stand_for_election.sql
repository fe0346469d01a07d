-- A worker's resource manager asks, on its own session, whether it leads from now on: yes if nobody else does. One that
-- only stands in leaves it to those made for it while one of them is there and alive. A leader whose worker has given no
-- sign of life for the ttl (seconds) holds the lock of a session that does nothing: it is deposed, and the next to ask wins. Whoever
-- meets an error here closes the session: its lock outlives the transaction.
create or replace function pulp.stand_for_election(worker text, stand_in boolean, ttl double precision) returns boolean
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  before pulp.leader;
  after pulp.leader;
  election pulp.event;
begin
  if stand_in and pulp.is_managed(ttl) then
    return false;
  end if;
  if not pg_try_advisory_lock(pulp.lock_class('leader'), 0) then
    perform pulp.end_session(l.backend_pid)
      from pulp.leader l join pulp.worker w on w.name = l.worker
      where l.backend_pid = pulp.leader_session() and w.last_heartbeat < clock_timestamp() - ttl * interval '1 s';
    return false;
  end if;

  select * into before from pulp.leader l where l.role = 'resource-manager' for no key update;
  insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
    values ('system', 'resource-manager', coalesce(before.version, 0) + 1, 'LeaderElected',
      jsonb_build_object('worker', worker, 'backend_pid', pg_backend_pid()), pulp.actor())
    returning * into election;
  after := pulp.evolve_leader(before, election);
  delete from pulp.leader l where l.role = after.role;
  insert into pulp.leader select after.*;
  return true;
end $$;
comment on function pulp.stand_for_election is 'Whether a worker''s resource manager leads from now on.';
