-- The limits of resources, or what they were at a time, as the log tells.
create or replace function pulp.limit_at(at timestamptz default null) returns setof pulp.resource_limit
language sql stable as $$
  select (f.told).*
  from (
    select pulp.fold_limit(row(e.*)::pulp.event order by e.version) as told
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'limit/' and 'limit0' and (e.recorded_at <= limit_at.at or limit_at.at is null)
    group by e.stream_id
    offset 0
  ) f
  where (f.told).capacity is not null or (f.told).rate is not null
$$;
comment on function pulp.limit_at is 'The limits of resources, or what they were at a time, as the log tells.';
