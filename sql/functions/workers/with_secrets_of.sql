-- A published schema with the places of secrets that another one has as well.
create or replace function pulp.with_secrets_of(schema jsonb, other jsonb) returns jsonb
language sql immutable parallel safe as $$
  select case when coalesce(schema -> 'secrets', '[]') @> (other -> 'secrets') is not false then schema
    else schema || jsonb_build_object('secrets', (
      select jsonb_agg(distinct place)
      from jsonb_array_elements(coalesce(schema -> 'secrets', '[]') || (other -> 'secrets')) as place)) end
$$;
comment on function pulp.with_secrets_of is 'A published schema with the places of secrets that another one has as well.';
