-- Refuses whoever speaks for a worker by another login than the one that bore it, and is no operator.
create or replace function pulp.check_login(known pulp.worker) returns void
language plpgsql stable as $$
begin
  if (known.login = session_user) is false and not pulp.is_operator() then
    raise exception 'login "%" does not speak for worker "%"', session_user, known.name using errcode = 'PU021',
      hint = 'Only the login that bore it does, or a member of pulp_operator.';
  end if;
end $$;
comment on function pulp.check_login is 'Refuses whoever does not speak for a worker.';
