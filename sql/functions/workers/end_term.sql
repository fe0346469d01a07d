-- The leader leaves it to others to lead: gives up the lock of its session, and tells those who stand by.
create or replace function pulp.end_term() returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  perform pg_advisory_unlock(pulp.lock_class('leader'), 0);
  perform pulp.notify('pulp_leader');
end $$;
comment on function pulp.end_term is 'The leader leaves it to others to lead.';
