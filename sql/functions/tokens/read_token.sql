-- What stands behind a token that is good at present; no row: none.
create or replace function pulp.read_token(id text) returns table (actor text, role text, digest bytea)
language sql stable security definer set search_path = pulp, pg_temp as $$
  select t.actor, t.role, t.digest
  from pulp.token t
  where t.id = read_token.id and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp())
$$;
comment on function pulp.read_token is 'Whose a token is, its role, and what to compare its secret part with.';
