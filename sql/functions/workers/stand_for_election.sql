-- A worker's resource manager asks, on its own session, whether it leads from now on: yes if nobody else does. One that
-- only stands in leaves it to those made for it while one of them is there. "silent" are workers without a new sign of life for
-- the whole TTL by the asker's own clock, as in check_worker_processes: one made to lead that is silent does not count, and a
-- silent leader holds the lock of a session that does nothing: it is deposed, and the next to ask wins. Gives the marks
-- to observe for that, whether notifications are sent by nobody but the leader, and who keeps all from leading: has the lock without
-- having been elected (somebody who is just being elected is named too). After an error here the caller closes the session: its lock outlives the transaction.
create or replace function pulp.stand_for_election(
  worker text, stand_in boolean, silent jsonb default '{}', out elected boolean, out marks jsonb, out untold boolean,
  out held_by text
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  before pulp.leader;
  after pulp.leader;
  election pulp.event;
  leader record;
  candidate pulp.worker;
begin
  select * into candidate from pulp.worker w where w.name = stand_for_election.worker;
  perform pulp.check_login(candidate);
  elected := false;
  untold := current_setting('synchronous_standby_names') <> ''; -- as pulp.notify sees it
  select coalesce(jsonb_object_agg(w.name, pulp.worker_mark(w)), '{}') into marks from pulp.worker w where w.state = 'online';

  select l.worker, l.backend_pid into leader from pulp.leader l where l.backend_pid = pulp.leader_session();
  if marks ->> leader.worker = silent ->> leader.worker then
    perform pulp.end_session(leader.backend_pid);
    perform pulp.notify('pulp_leader');
    return;
  end if;
  if stand_in and exists (
    select from jsonb_each_text(marks) as m(name, mark)
    where m.name like 'resource-manager%' and m.mark is distinct from silent ->> m.name
  ) then
    return;
  end if;
  if not pg_try_advisory_lock(pulp.lock_class('leader'), 0) then
    held_by := pulp.leader_lock_holder();
    return;
  end if;

  perform pulp.begin_era_if_due();
  select * into before from pulp.leader l where l.role = 'resource-manager' for no key update;
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
    values ('system', 'resource-manager', coalesce(before.version, 0) + 1, 'LeaderElected',
      jsonb_build_object('worker', worker, 'backend_pid', pg_backend_pid()), pulp.actor())
    returning * into election;
  after := pulp.evolve_leader(before, election);
  delete from pulp.leader l where l.role = after.role;
  insert into pulp.leader select after.*;
  elected := true;
end $$;
comment on function pulp.stand_for_election is 'Whether a worker''s resource manager leads from now on.';
