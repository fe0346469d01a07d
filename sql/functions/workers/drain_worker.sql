-- Tells a worker to finish what it runs, take nothing new, and end, as a first SIGTERM does. For operators.
create or replace function pulp.drain_worker(worker text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pulp.check_reason(reason);
  perform pulp.tell_worker(worker, 'WorkerDraining', jsonb_build_object('reason', coalesce(reason, '')));
end $$;
comment on function pulp.drain_worker is 'Tells a worker to finish what it runs and end.';
