-- All tokens, the latest first, without what proves them.
create or replace function pulp.tokens() returns table (
  id text, actor text, role text, created_at timestamptz, created_by text, expires_at timestamptz, revoked_at timestamptz, revoked_by text
)
language sql stable security definer set search_path = pulp, pg_temp as $$
  select t.id, t.actor, t.role, t.created_at, t.created_by, t.expires_at, t.revoked_at, t.revoked_by
  from pulp.token t
  order by t.created_at desc, t.id
$$;
comment on function pulp.tokens is 'The tokens of users of the HTTP server.';
