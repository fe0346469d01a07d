-- Takes the lock of a worker's name for this session, for as long as it lives. What is left of an earlier session of the same
-- incarnation is ended for it: the server may not have noticed that it is gone. Gives whether it has the name.
create or replace function pulp.take_worker_name(worker text, earlier_incarnation bigint) returns boolean
language plpgsql as $$
declare
  class constant integer := pulp.lock_class('worker');
  number integer;
begin
  select n.id into number from pulp.worker_name n where n.name = worker;
  if not found then
    insert into pulp.worker_name (name) values (worker) on conflict (name) do nothing;
    select n.id into number from pulp.worker_name n where n.name = worker;
  end if;
  if pg_try_advisory_lock(class, number) then
    return true;
  end if;
  perform pulp.end_session(s.backend_pid)
    from pulp.worker_sessions() s join pulp.worker w on w.name = s.worker and w.backend_pid = s.backend_pid
    where s.worker = take_worker_name.worker and w.incarnation = earlier_incarnation and s.backend_pid <> pg_backend_pid();
  return pg_try_advisory_lock(class, number);
end $$;
comment on function pulp.take_worker_name is 'Takes the lock of a worker''s name for this session.';
