-- Those facts of TaskEnqueued that there are only if they were asked for. Lengths of time are written as numerics: of other numbers
-- the session's extra_float_digits decides how many digits are written.
create or replace function pulp.enqueued_options(request jsonb, enqueued_at timestamptz) returns jsonb
language sql stable parallel safe as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'timeout_seconds', pulp.duration_seconds(request -> 'timeout')::numeric,
    'delay_seconds', pulp.duration_seconds(request -> 'delay')::numeric,
    'at', request ->> 'at',
    'run_after', coalesce(
      enqueued_at + nullif(pulp.duration_seconds(request -> 'delay'), 0) * interval '1s',
      nullif(greatest(pulp.point_in_time(request ->> 'at'), enqueued_at), enqueued_at)),
    'parent_id', lower(request ->> 'parent_id'),
    'group_id', request ->> 'group',
    'trace_context', nullif(request -> 'trace_context', 'null'),
    'options', nullif(jsonb_strip_nulls(jsonb_build_object(
      'unique', pulp.unique_asked(request -> 'unique'),
      'requires', nullif(request -> 'requires', 'null'),
      'units', pulp.named_units(request -> 'units'),
      'after', nullif(request -> 'after', '[]'),
      'on', request -> 'on',
      'finally', nullif(request -> 'finally', 'false'))), '{}')))
$$;
comment on function pulp.enqueued_options is 'Those facts of TaskEnqueued that there are only if they were asked for.';
