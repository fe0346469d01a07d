-- Whether a text is a UUID in its usual form.
create or replace function pulp.is_uuid(candidate text) returns boolean
language sql immutable parallel safe as $$
  select candidate like '________-____-____-____-____________'
    and translate(candidate, '0123456789abcdefABCDEF', '') = '----'
$$;
comment on function pulp.is_uuid is 'Whether a text is a UUID in its usual form.';
