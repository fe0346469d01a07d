-- The facts of TaskEnqueued for one checked item: all defaults filled in, claims sorted and each named once, the
-- stronger mode where a resource is claimed in both.
create or replace function pulp.enqueued_data(item jsonb, enqueued_at timestamptz) returns jsonb
language plpgsql stable parallel safe as $$
declare
  exclusive text[] := pulp.text_array(item -> 'resources');
  shared text[] := pulp.text_array(item -> 'shared_resources');
  run_after timestamptz;
  facts jsonb;
begin
  if cardinality(exclusive) > 1 then
    exclusive := array(select distinct resource from unnest(exclusive) as resource order by resource);
  end if;
  if cardinality(shared) > 0 then
    shared := array(select distinct resource from unnest(shared) as resource where resource <> all (exclusive) order by resource);
  end if;
  facts := jsonb_build_object(
    'name', item -> 'name',
    'queue', coalesce(item ->> 'queue', 'default'),
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
