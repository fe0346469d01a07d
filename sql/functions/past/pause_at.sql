-- What is paused, or was at a time, as the log tells: the last event of each stream decides.
create or replace function pulp.pause_at(at timestamptz default null) returns setof pulp.pause
language sql stable as $$
  select p.*
  from (
    select distinct on (e.stream_id) row(e.*)::pulp.event as event
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'pause/' and 'pause0' and (e.recorded_at <= pause_at.at or pause_at.at is null)
    order by e.stream_id, e.version desc
  ) last
  cross join lateral pulp.evolve_pause(null, last.event) p
  where p.kind is not null
$$;
comment on function pulp.pause_at is 'What is paused, or was at a time, as the log tells.';
