-- The death of a worker, reported by the guardian that saw its process die and has ended all that it had started: its lease
-- need not run out. "stopped": it had been told to stop, and what it still ran ended with it; "in_hand": the fences of all runs that it knew of
-- then, null: not known. Gives whether it was news; an incarnation that is over already is left alone. It is believed to the login that bore the worker: a guardian has its worker's.
create or replace function pulp.report_worker_death(worker text, incarnation bigint, stopped boolean default false, in_hand bigint[] default null) returns boolean
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  select * into known from pulp.worker w
    where w.name = report_worker_death.worker and w.incarnation = report_worker_death.incarnation and w.state = 'online'
    for update;
  if not found then
    return false;
  end if;
  perform pulp.check_login(known);
  if exists (select from pulp.leader l where l.worker = known.name) then
    perform pulp.notify('pulp_leader');
  end if;
  perform pulp.end_worker(known, case when stopped then 'WorkerOffline' else 'WorkerMissing' end, false, in_hand);
  return true;
end $$;
comment on function pulp.report_worker_death is 'The death of a worker, reported by its guardian.';
