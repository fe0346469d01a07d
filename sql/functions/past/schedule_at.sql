-- The schedules as the log tells them. Their streams lie one behind the other in the index of the log.
create or replace function pulp.schedule_at(at timestamptz default null) returns setof pulp.schedule
language sql stable as $$
  select (f.schedule).*
  from (
    select pulp.fold_schedule(row(e.*)::pulp.event order by e.version) as schedule
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'schedule/' and 'schedule0' and (e.recorded_at <= schedule_at.at or schedule_at.at is null)
    group by e.stream_id
    offset 0
  ) f
  where (f.schedule).name is not null
$$;
comment on function pulp.schedule_at is 'The schedules, or what they were at a time, as the log tells.';
