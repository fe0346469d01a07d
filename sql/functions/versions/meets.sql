-- Whether who has these versions has all that is required.
create or replace function pulp.meets(versions jsonb, requires jsonb) returns boolean
language sql immutable parallel safe as $$
  select requires is null
    or not exists (select from jsonb_each_text(requires) r where not pulp.is_in_range(coalesce(versions ->> r.key, ''), r.value))
$$;
comment on function pulp.meets is 'Whether who has these versions has all that is required.';
