-- Makes a token known, by the digest of its secret part.
create or replace function pulp.create_token(id text, actor text, role text, digest bytea, expires_at timestamptz default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if not pulp.is_name(actor) then
    raise exception 'actor: % is not allowed', quote_literal(actor) using errcode = 'PU004',
      hint = 'Start with a letter; use at most 128 letters, digits and characters of _.:@-';
  elsif role is null or role not in ('observer', 'submitter', 'operator') then
    raise exception 'role: there is no %', coalesce(quote_literal(role), 'null') using errcode = 'PU004', hint = 'Give observer, submitter or operator.';
  elsif expires_at <= clock_timestamp() then
    raise exception 'expires_at: % is over', expires_at using errcode = 'PU004', hint = 'Give a time to come.';
  elsif octet_length(digest) is distinct from 32 or id !~ '^[0-9a-f]{16}$' then
    raise exception 'this is no token' using errcode = 'PU004', hint = 'Make tokens by pulp token create.';
  end if;
  insert into pulp.token (id, actor, role, digest, created_by, expires_at)
    values (create_token.id, create_token.actor, create_token.role, create_token.digest, pulp.actor(), create_token.expires_at)
    on conflict do nothing;
  if not found and not exists ( -- the same, whose answer was lost
    select from pulp.token t where t.id = create_token.id and t.digest = create_token.digest and t.actor = create_token.actor and t.role = create_token.role
  ) then
    raise exception 'there is a token of that id' using errcode = 'PU004', hint = 'Make tokens by pulp token create.';
  end if;
end $$;
comment on function pulp.create_token is 'Makes a token of a user of the HTTP server known.';
