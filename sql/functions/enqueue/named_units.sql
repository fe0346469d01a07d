-- The units that a checked request asks for, by the names of their resources.
create or replace function pulp.named_units(units jsonb) returns jsonb
language sql immutable parallel safe as $$
  select jsonb_object_agg(pulp.resource_name(u.key), u.value) from jsonb_each(nullif(units, 'null')) as u
$$;
comment on function pulp.named_units is 'The units that a request asks for, by the names of their resources.';
