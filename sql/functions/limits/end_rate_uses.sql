-- Forgets the grants that no longer count, so that the lines of their resources are looked at. For the leader.
create or replace function pulp.end_rate_uses() returns void
language plpgsql as $$
begin
  with over as (
    delete from pulp.rate_use u where u.free_again_at <= clock_timestamp() returning u.resource
  )
  insert into pulp.wakeup (resource, mode)
    select distinct over.resource, 'exclusive' from over
    where (select 1 from pulp.reservation_waiting w where w.resource = over.resource limit 1) is not null;
end $$;
comment on function pulp.end_rate_uses is 'Forgets the grants that no longer count, and has their lines looked at.';
