-- The resources that a request shares, those among them of which it asks for units.
create or replace function pulp.with_units(shared_resources jsonb, units jsonb) returns jsonb
language sql immutable parallel safe as $$
  select coalesce(nullif(shared_resources, 'null'), '[]')
    || coalesce((select jsonb_agg(u.key) from jsonb_each(nullif(units, 'null')) as u), '[]')
$$;
comment on function pulp.with_units is 'The resources that a request shares, those among them of which it asks for units.';
