-- Ends a worker that is online, whose row the caller holds locked, and the runs that nobody else holds. The event comes
-- first: from it on, nothing more is accepted from the worker. Then what is left of its session is ended, and only then its
-- claims are released: see pulp.recover_runs, which takes in_hand. Gives how many runs that ended.
create or replace function pulp.end_worker(known pulp.worker, farewell_type text, clean boolean, in_hand bigint[] default null) returns integer
language plpgsql as $$
begin
  perform pulp.append_worker_event(known.name, known, farewell_type, jsonb_build_object('normal_shutdown', clean));
  if farewell_type = 'WorkerMissing' then
    perform pulp.count_lost_worker('death');
  end if;
  perform pulp.end_session(s.backend_pid) from pulp.worker_sessions() s
    where s.worker = known.name and s.backend_pid <> pg_backend_pid();
  return (select coalesce(sum(r.runs), 0) from pulp.recover_runs(known.name, in_hand) r);
end $$;
comment on function pulp.end_worker is 'Ends a worker and its runs; gives how many.';
