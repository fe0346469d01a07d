-- The groups that were created, as the log tells them; their numbers are those of pulp.task_at. Their streams lie one behind the other in
-- the index of the log.
create or replace function pulp.group_at(at timestamptz default null) returns setof pulp.created_group
language sql stable as $$
  select (f.created).*
  from (
    select pulp.fold_group(row(e.*)::pulp.event order by e.version) as created
    from pulp.event_single e
    where e.stream_kind = 'system' and e.stream_id between 'group/' and 'group0' and (e.recorded_at <= group_at.at or group_at.at is null)
    group by e.stream_id
    offset 0
  ) f
  where (f.created).id is not null
$$;
comment on function pulp.group_at is 'The groups that were created, or what they were at a time, as the log tells.';
