-- The claims that stood at a time, in line or granted: what had been recorded by then, see task_at.
create or replace function pulp.reservation_at(at timestamptz) returns setof pulp.reservation
language sql stable as $$
  select (c.claim).*
  from (
    select pulp.fold_task(e.event order by (e.event).version) as task, array_agg(e.event order by (e.event).version) as events
    from (
      select x as event, row_number() over (partition by x.stream_id order by x.version) as ordinal
      from pulp.event x where x.stream_kind = 'task' and x.recorded_at <= reservation_at.at
    ) e
    where (e.event).version = e.ordinal
    group by (e.event).stream_id
  ) told
  cross join lateral pulp.claims_of((told.task).exclusive_resources, (told.task).shared_resources, (told.task).options) wanted
  cross join lateral (
    select pulp.fold_claim(row(wanted.resource, null, wanted.mode, null, null, null, null, wanted.units)::pulp.reservation, e order by e.version) as claim
    from unnest(told.events) as e
  ) c
  where (told.task).finished_at is null and (c.claim).state is not null
  union all
  select c.* from pulp.hold_at(reservation_at.at) h cross join lateral pulp.claims_of_hold(h) c
$$;
comment on function pulp.reservation_at is 'All claims as they were at a time, folded from what was recorded by then.';
