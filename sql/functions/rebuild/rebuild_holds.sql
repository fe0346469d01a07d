-- Puts the holds and their claims right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_holds() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong uuid[];
begin
  if not exists (select from pulp.verify_holds() v where v.stream_id ~ '^hold/') then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.hold in share row exclusive mode;
  wrong := array(select distinct substr(v.stream_id, 6)::uuid from pulp.verify_holds() v where v.stream_id ~ '^hold/');
  if wrong <> '{}' then
    delete from pulp.hold h where h.id = any (wrong);
    insert into pulp.hold select h.* from pulp.hold_at() h where h.id = any (wrong);
    insert into pulp.wakeup (resource, mode) select distinct r.resource, 'exclusive' from pulp.reservation r where r.task_id = any (wrong);
    delete from pulp.reservation r where r.task_id = any (wrong);
    insert into pulp.reservation
      select c.* from pulp.hold h cross join lateral pulp.claims_of_hold(h) c where h.id = any (wrong);
    insert into pulp.hold_lease (hold_id, lost_at)
      select h.id, clock_timestamp() + h.lease_seconds * interval '1 s' from pulp.hold h where h.id = any (wrong) and h.lease_seconds is not null
      on conflict do nothing;
    insert into pulp.wakeup (task_id) select h.id from pulp.hold h where h.id = any (wrong) and h.state = 'waiting';
    perform pulp.notify('pulp_grant', '');
  end if;
  return cardinality(wrong);
end $$;
comment on function pulp.rebuild_holds is 'Puts the holds and their claims right, from the log.';
