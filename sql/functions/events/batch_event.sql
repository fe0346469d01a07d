-- One event of a batch: that at this place, from 1 on. The planner puts it into the query that calls it.
create or replace function pulp.batch_event(batch pulp.event_batch, place integer) returns table (
  "position" bigint, tx xid8, stream_kind text, stream_id text, version integer, type text, schema_version smallint, data jsonb,
  correlation_id text, causation_id uuid, actor text, recorded_at timestamptz
)
language sql immutable parallel safe as $$
  select batch.first + place - 1, batch.tx, 'task' collate "C", batch.ids[place]::text collate "C",
    coalesce(batch.version, batch.versions[place]), batch.type, batch.schema_version,
    case when batch.facts is null then batch.common else batch.common || (batch.facts -> (place - 1)) end,
    coalesce(batch.correlation_ids[place], batch.ids[place]::text), batch.causation_ids[place], batch.actor, batch.recorded_at
$$;
comment on function pulp.batch_event is 'One event of a batch.';
