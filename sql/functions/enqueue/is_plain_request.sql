-- Whether a request says nothing but what nearly every one does, and that in the usual form: nothing is wrong with it then.
-- Of any other, pulp.item_problem knows. "rest" is what it does not say in columns; null: what the one before said.
create or replace function pulp.is_plain_request(
  id jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb, rest jsonb
) returns boolean
language sql stable parallel safe as $$
  select (rest is null or jsonb_typeof(rest) = 'object'
      and rest - pulp.enqueue_keys('usual') = '{}'
      and (rest -> 'unchecked' in ('true', 'false')) is not false
      and jsonb_typeof(rest -> 'name') = 'string' and pulp.is_name(rest ->> 'name')
      and (rest -> 'queue' is null or jsonb_typeof(rest -> 'queue') = 'string' and pulp.is_name(rest ->> 'queue')))
    and (id is null or jsonb_typeof(id) = 'string' and pulp.is_uuid(id #>> '{}'))
    and (args is null or args = '[]' or jsonb_typeof(args) = 'array' and pulp.is_plain_payload(args))
    and (kwargs is null or kwargs = '{}' or jsonb_typeof(kwargs) = 'object' and pulp.is_plain_payload(kwargs))
    and (resources is null or resources = '[]'
      or pulp.resources_problem(resources, '') is null and jsonb_array_length(resources) <= 128)
    and (shared_resources is null or shared_resources = '[]'
      or pulp.resources_problem(shared_resources, '') is null and jsonb_array_length(shared_resources) <= 128)
$$;
comment on function pulp.is_plain_request is 'Whether a request says nothing but what nearly every one does.';
