-- Refuses a worker that is no longer the one it takes itself for: declared missing, or followed by a later birth; and whoever speaks
-- for a worker on another session than its own. Its row stays locked until commit, so that nobody ends the worker between this check
-- and what it does then; its heartbeats go on beside that lock. A row that somebody else holds in an open transaction is not waited
-- for: the command is to be repeated.
create or replace function pulp.check_incarnation(worker text, incarnation bigint) returns void
language plpgsql as $$
begin
  perform from pulp.worker w
    where w.name = check_incarnation.worker and w.incarnation = check_incarnation.incarnation and w.state = 'online'
      and w.backend_pid = pg_backend_pid() and (w.login = session_user) is not false
    for key share skip locked;
  if found then
    return;
  end if;
  perform from pulp.worker w
    where w.name = check_incarnation.worker and w.incarnation = check_incarnation.incarnation and w.state = 'online';
  if not found then
    raise exception 'worker "%" is no longer the owner of its runs', worker using errcode = 'PU001',
      hint = 'End every run of this worker at once, then register it anew.';
  end if;
  perform from pulp.worker w
    where w.name = check_incarnation.worker and w.backend_pid = pg_backend_pid() and (w.login = session_user) is not false;
  if not found then
    raise exception 'this session does not speak for worker "%"', worker using errcode = 'PU021',
      hint = 'Only the session that the worker was born on, or has attached, does.';
  end if;
  raise exception 'another transaction is about to end worker "%"', worker using errcode = 'lock_not_available',
    hint = 'Repeat the command.';
end $$;
comment on function pulp.check_incarnation is 'Refuses a worker that is no longer the owner of its runs, and sessions that are not its own.';
