-- What a task claims, by its row. One expression, so that the planner puts it into the query that calls it.
create or replace function pulp.claims_of(exclusive_resources text[], shared_resources text[], options jsonb)
returns table (resource text, mode text, units integer)
language sql immutable parallel safe as $$
  select e.resource, 'exclusive', null::integer from unnest(exclusive_resources) as e(resource)
  union all
  select s.resource, 'shared', (options -> 'units' ->> s.resource)::integer from unnest(shared_resources) as s(resource)
$$;
comment on function pulp.claims_of is 'What a task claims, by its row.';
