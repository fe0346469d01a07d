-- The resource by which all tasks of a type are limited.
create or replace function pulp.type_resource(name text) returns text
language sql immutable parallel safe as $$
  select pulp.resource_name('/types/' || name || '/')
$$;
comment on function pulp.type_resource is 'The resource by which all tasks of a type are limited.';
