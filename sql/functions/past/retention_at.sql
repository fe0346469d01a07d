-- For how long things are kept, or were to be at a time, as the log tells: the last event of each stream decides.
create or replace function pulp.retention_at(at timestamptz default null) returns setof pulp.retention
language sql stable as $$
  select r.*
  from (
    select distinct on (e.stream_id) row(e.*)::pulp.event as event
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'retention/' and 'retention0'
      and (e.recorded_at <= retention_at.at or retention_at.at is null)
    order by e.stream_id, e.version desc
  ) last
  cross join lateral pulp.evolve_retention(null, last.event) r
  where r.kind is not null
$$;
comment on function pulp.retention_at is 'For how long things are kept, or were to be at a time, as the log tells.';
