-- The end of a worker, said by itself on its own session: clean if all that ran has finished.
create or replace function pulp.worker_offline(worker text, incarnation bigint, clean boolean) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  known pulp.worker;
begin
  perform pulp.check_incarnation(worker, worker_offline.incarnation);
  select * into known from pulp.worker w where w.name = worker for update;
  perform pulp.end_worker(known, 'WorkerOffline', clean);
end $$;
comment on function pulp.worker_offline is 'The end of a worker, said by itself.';
