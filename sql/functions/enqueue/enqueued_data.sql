-- The facts of TaskEnqueued for one checked item: all defaults filled in, claims by the names of their
-- resources (see pulp.resource_name), sorted and each named once, the
-- stronger mode where a resource is claimed in both.
create or replace function pulp.enqueued_data(item jsonb, enqueued_at timestamptz) returns jsonb
language plpgsql stable parallel safe as $$
declare
  exclusive jsonb := coalesce(item -> 'resources', '[]');
  shared jsonb := coalesce(item -> 'shared_resources', '[]');
  run_after timestamptz;
  facts jsonb;
begin
  if jsonb_array_length(exclusive) > 1 then
    exclusive := to_jsonb(array(
      select distinct pulp.resource_name(resource) as name from jsonb_array_elements_text(exclusive) as resource order by name));
  elsif exclusive <> '[]' then
    exclusive := jsonb_build_array(pulp.resource_name(exclusive ->> 0));
  end if;
  if shared <> '[]' then
    shared := to_jsonb(array(
      select distinct name from jsonb_array_elements_text(shared) as resource
      cross join lateral pulp.resource_name(resource) as name
      where not exclusive ? name order by name));
  end if;
  facts := jsonb_build_object(
    'name', item -> 'name',
    'queue', coalesce(nullif(item -> 'queue', 'null'), '"default"'),
    'args', coalesce(nullif(item -> 'args', 'null'), '[]'),
    'kwargs', coalesce(nullif(item -> 'kwargs', 'null'), '{}'),
    'exclusive_resources', exclusive,
    'shared_resources', shared,
    'priority', coalesce(nullif(item -> 'priority', 'null'), '0'),
    'retries', coalesce(nullif(item -> 'retries', 'null'), '0'));

  if item ?| array['delay', 'at', 'timeout', 'parent_id', 'group'] then
    run_after := coalesce(
      enqueued_at + nullif(pulp.duration_seconds(item -> 'delay'), 0) * interval '1s',
      nullif(greatest(pulp.point_in_time(item ->> 'at'), enqueued_at), enqueued_at));
    facts := facts || jsonb_strip_nulls(jsonb_build_object(
      'timeout_seconds', pulp.duration_seconds(item -> 'timeout'),
      'delay_seconds', pulp.duration_seconds(item -> 'delay'),
      'at', item ->> 'at',
      'run_after', run_after,
      'parent_id', lower(item ->> 'parent_id'),
      'group_id', item ->> 'group'));
  end if;
  return facts;
end $$;
comment on function pulp.enqueued_data is 'The facts of TaskEnqueued for one checked item.';
