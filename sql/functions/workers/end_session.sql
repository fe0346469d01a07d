-- Ends a backend and waits a moment until it has gone, if a time is given. Where the owner of these functions may not do that,
-- the session is left alone: what it writes is refused all the same, and tasks whose locks it holds wait for its end.
create or replace function pulp.end_session(backend_pid integer, wait_ms integer default 1000) returns void
language plpgsql as $$
begin
  perform pg_terminate_backend(backend_pid, wait_ms);
exception
  when insufficient_privilege then
    raise warning 'may not end the session of backend %', backend_pid
      using hint = 'Grant pg_signal_backend to the owner of schema pulp.';
end $$;
comment on function pulp.end_session is 'Ends a backend, where that is allowed.';
