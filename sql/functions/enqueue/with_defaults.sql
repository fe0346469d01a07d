-- A request with what the type that it names says, of what it does not say itself. "common" is what is said beside it for many. For what runs
-- last of its group no other task can stand, whatever its type says.
create or replace function pulp.with_defaults(request jsonb, common jsonb default '{}') returns jsonb
language sql stable as $$
  select coalesce((
    select request || coalesce(jsonb_object_agg(d.key, d.value), '{}')
    from pulp.task_type t cross join lateral jsonb_each(t.defaults - 'backoff') as d
    where t.name = request ->> 'name' and t.defaults is not null
      and coalesce(request -> d.key, 'null') = 'null' and coalesce(common -> d.key, 'null') = 'null'
      and not (d.key = 'unique' and coalesce(request -> 'finally', common -> 'finally', 'null') = 'true')), request)
$$;
comment on function pulp.with_defaults is 'A request with what its type says, of what it does not say itself.';
