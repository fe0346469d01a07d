-- Tells a worker to finish what it runs, take nothing new, and end, as a first SIGTERM does. For operators.
create or replace function pulp.drain_worker(worker text, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if octet_length(reason) > 16384 then
    raise exception 'reason: is % bytes long; at most 16384 are allowed', octet_length(reason) using errcode = 'PU004',
      hint = 'Give a shorter one; nothing was changed.';
  end if;
  perform pulp.tell_worker(worker, 'WorkerDraining', jsonb_build_object('reason', coalesce(reason, '')));
end $$;
comment on function pulp.drain_worker is 'Tells a worker to finish what it runs and end.';
