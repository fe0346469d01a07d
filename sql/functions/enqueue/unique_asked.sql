-- The option "unique" of an enqueue, checked, with its defaults filled in; null: it is not asked for.
create or replace function pulp.unique_asked(unique_option jsonb) returns jsonb
language sql immutable parallel safe as $$
  select case when unique_option <> 'false' and unique_option <> 'null' then jsonb_strip_nulls(jsonb_build_object(
    'key', o.fields -> 'key',
    'for', pulp.duration_seconds(o.fields -> 'for')::numeric,
    'while', coalesce(nullif(o.fields -> 'while', 'null'),
      case when coalesce(o.fields -> 'for', 'null') = 'null' then '"unfinished"'::jsonb end),
    'then', coalesce(nullif(o.fields -> 'then', 'null'), '"keep"')))
  end
  from (select case jsonb_typeof(unique_option) when 'object' then unique_option else '{}' end as fields) o
$$;
comment on function pulp.unique_asked is 'The option "unique" of an enqueue, with its defaults filled in.';
