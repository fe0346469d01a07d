-- The facts of TaskEnqueued for one checked item: all defaults filled in, claims sorted and each named once, the
-- stronger mode where a resource is claimed in both.
create or replace function pulp.enqueued_data(item jsonb, enqueued_at timestamptz) returns jsonb
language plpgsql stable parallel safe as $$
declare
  exclusive text[] := pulp.text_array(item -> 'resources');
  shared text[] := pulp.text_array(item -> 'shared_resources');
  delay double precision;
  run_after timestamptz;
begin
  if cardinality(exclusive) > 1 then
    exclusive := array(select distinct resource from unnest(exclusive) as resource order by resource);
  end if;
  if cardinality(shared) > 0 then
    shared := array(select distinct resource from unnest(shared) as resource where resource <> all (exclusive) order by resource);
  end if;
  if item ->> 'delay' is not null then
    delay := pulp.duration_seconds(item -> 'delay');
    run_after := enqueued_at + nullif(delay, 0) * interval '1s';
  elsif item ->> 'at' is not null then
    run_after := pulp.point_in_time(item ->> 'at');
    if run_after <= enqueued_at then
      run_after := null;
    end if;
  end if;
  return jsonb_build_object(
    'name', item ->> 'name',
    'queue', coalesce(item ->> 'queue', 'default'),
    'args', coalesce(nullif(item -> 'args', 'null'), '[]'),
    'kwargs', coalesce(nullif(item -> 'kwargs', 'null'), '{}'),
    'exclusive_resources', to_jsonb(exclusive),
    'shared_resources', to_jsonb(shared),
    'priority', coalesce(nullif(item -> 'priority', 'null'), '0'),
    'retries', coalesce(nullif(item -> 'retries', 'null'), '0'),
    'timeout_seconds', pulp.duration_seconds(nullif(item -> 'timeout', 'null')),
    'delay_seconds', delay,
    'at', item ->> 'at',
    'run_after', run_after,
    'parent_id', lower(item ->> 'parent_id'),
    'group_id', item ->> 'group');
end $$;
comment on function pulp.enqueued_data is 'The facts of TaskEnqueued for one checked item.';
