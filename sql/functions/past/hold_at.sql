-- The holds that stand in line or are granted, or did at a time, as the log tells.
create or replace function pulp.hold_at(at timestamptz default null) returns setof pulp.hold
language sql stable as $$
  select (f.hold).*
  from (
    select pulp.fold_hold(row(e.*)::pulp.event order by e.version) as hold
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0' and (e.recorded_at <= hold_at.at or hold_at.at is null)
    group by e.stream_id
    offset 0
  ) f
  where (f.hold).id is not null
$$;
comment on function pulp.hold_at is 'The holds that stand in line or are granted, or did at a time, as the log tells.';
