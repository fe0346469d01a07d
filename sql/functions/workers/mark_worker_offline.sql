-- Marks a worker as gone, if it is not marked yet: stopped by itself, or else missing. Gives how many runs that ended.
create or replace function pulp.mark_worker_offline(worker text, normal_shutdown boolean default false) returns integer
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform pulp.check_worker_name(worker);
  if normal_shutdown then
    return pulp.end_worker(worker, 'WorkerOffline', true, format('Worker %s was stopped.', worker));
  end if;
  return pulp.end_worker(worker, 'WorkerMissing', false, format('Worker %s has gone missing.', worker));
end $$;
comment on function pulp.mark_worker_offline is 'Marks a worker as gone and ends its runs; gives how many.';
