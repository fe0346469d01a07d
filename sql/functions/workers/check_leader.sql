-- Refuses a duty of the leader to a session that is not the leader's, nor an operator's.
create or replace function pulp.check_leader() returns void
language plpgsql stable as $$
begin
  perform from pulp.leader l where l.backend_pid = pg_backend_pid();
  if not found and not pulp.is_operator() then
    raise exception 'this session does not lead' using errcode = 'PU021',
      hint = 'Only the resource manager that was elected on this session does this (pulp.stand_for_election), or a member of pulp_operator.';
  end if;
end $$;
comment on function pulp.check_leader is 'Refuses a duty of the leader to a session that is not the leader''s.';
