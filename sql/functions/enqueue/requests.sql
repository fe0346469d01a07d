-- The requests that pulp.enqueue_columns is given, one a row, in order. What a column says comes first, then what the item
-- says, then what is common to all. "rest" is what is said elsewhere than in columns, "item" the whole request as one object.
create or replace function pulp.requests(
  common jsonb, ids jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb, items jsonb
) returns table (
  ordinality bigint, id jsonb, name jsonb, queue jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb,
  rest jsonb, item jsonb
)
language sql stable as $$
  select r.ordinality, coalesce(r.id, r.rest -> 'id'), r.rest -> 'name', r.rest -> 'queue', coalesce(r.args, r.rest -> 'args'),
    coalesce(r.kwargs, r.rest -> 'kwargs'), coalesce(r.resources, r.rest -> 'resources'),
    coalesce(r.shared_resources, r.rest -> 'shared_resources'), r.rest,
    r.rest || case when jsonb_typeof(r.rest) <> 'object' then '{}' else (
      select coalesce(jsonb_object_agg(c.key, c.value), '{}')
      from (values ('id', r.id), ('args', r.args), ('kwargs', r.kwargs), ('resources', r.resources),
        ('shared_resources', r.shared_resources)) as c (key, value)
      where c.value is not null) end
  from (
    select c.*, case when c.item is null then common when common = '{}' then c.item else common || c.item end as rest
    from rows from (
      jsonb_array_elements(ids), jsonb_array_elements(args), jsonb_array_elements(kwargs), jsonb_array_elements(resources),
      jsonb_array_elements(shared_resources), jsonb_array_elements(items)
    ) with ordinality as c (id, args, kwargs, resources, shared_resources, item, ordinality)
    offset 0 -- or "rest" would be put together anew for each of its keys
  ) r
$$;
comment on function pulp.requests is 'The requests that an enqueue is given, one a row.';
