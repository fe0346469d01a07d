-- Revokes a token; one that was revoked before stays so. An unknown one is refused.
create or replace function pulp.revoke_token(id text) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  update pulp.token t set revoked_at = coalesce(t.revoked_at, clock_timestamp()), revoked_by = coalesce(t.revoked_by, pulp.actor())
    where t.id = revoke_token.id;
  if not found then
    raise exception 'there is no token %', id using errcode = 'PU002', hint = 'Check the id: pulp token list shows those known.';
  end if;
end $$;
comment on function pulp.revoke_token is 'Revokes a token of a user of the HTTP server.';
