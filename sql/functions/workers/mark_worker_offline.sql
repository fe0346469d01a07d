-- Marks a worker as gone, if it is not marked yet: stopped by itself, or else missing. Gives how many runs that ended.
create or replace function pulp.mark_worker_offline(worker text, normal_shutdown boolean default false) returns integer
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  known pulp.worker;
begin
  perform pulp.check_worker_name(worker);
  select * into known from pulp.worker w where w.name = worker and w.state = 'online' for update;
  if not found then
    return 0;
  end if;
  return pulp.end_worker(known, case when normal_shutdown then 'WorkerOffline' else 'WorkerMissing' end, normal_shutdown);
end $$;
comment on function pulp.mark_worker_offline is 'Marks a worker as gone and ends its runs; gives how many.';
