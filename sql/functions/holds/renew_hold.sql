-- A sign of life of a hold; tells whether it is granted by now, with what fence and until when. Refused if it is over.
create or replace function pulp.renew_hold(hold uuid, out state text, out fence bigint, out granted_at timestamptz, out until timestamptz)
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  known constant pulp.hold := pulp.own_hold(hold);
begin
  update pulp.hold_lease l set lost_at = clock_timestamp() + known.lease_seconds * interval '1 s' where l.hold_id = known.id;
  state := known.state;
  fence := known.fence;
  granted_at := known.granted_at;
  until := known.until;
end $$;
comment on function pulp.renew_hold is 'A sign of life of a hold; tells whether it is granted by now.';
