-- What a task's stay in line was spent on, from the event that brought it there to the one that ended it, or to now if
-- that is null: behind which conflicting tasks, in the order in which they let go, and then for the resource manager. The
-- log has no index by resource, so it is read backwards from the end of the stay, a thousand events at most, and the last
-- five tasks are named; what was before that was spent behind others (behind is null). Spans have no gaps.
create or replace function pulp.wait_in_line(task pulp.task, entered pulp.event, ended pulp.event, now timestamptz)
returns table (kind text, resource text, behind uuid, since timestamptz, until timestamptz)
language sql stable set enable_sort = off as $$
  with limits as materialized (
    select coalesce(array_agg(l.resource), '{}') as counted, coalesce(bool_or(l.rate is not null), false)
      or exists (
        select from pulp.event_single e
        where e.stream_kind = 'system' and e.stream_id between 'hold/' and 'hold0' and e.type = 'HoldReleased'
          and e.recorded_at between entered.recorded_at and coalesce(ended.recorded_at, now)) as is_held_up
    from pulp.resource_limit l where l.resource = any (task.exclusive_resources || task.shared_resources)
  ),
  recent as materialized (
    select x as event, row_number() over (order by x.tx desc, x.position desc) as ordinal
    from pulp.task_events_before(coalesce(ended.tx, '18446744073709551615'), coalesce(ended.position, 0), 1000) x
  ),
  let_go as (
    select other.id, claim.resource, (r.event).recorded_at as at, row_number() over (order by (r.event).recorded_at desc, other.id) as ordinal
    from recent r
    cross join limits
    cross join lateral (select t.* from pulp.task t where t.id = (r.event).stream_id::uuid offset 0) other
    cross join lateral (
      select theirs as resource from unnest(other.exclusive_resources) as theirs
      where theirs = any (task.exclusive_resources || task.shared_resources)
      union all
      select theirs from unnest(other.shared_resources) as theirs where theirs = any (task.exclusive_resources || limits.counted)
      limit 1
    ) claim
    where (r.event).position > entered.position and (r.event).version > 1 and other.id <> task.id
      and pulp.evolve_reservation(row(claim.resource, other.id, null, null, null, null, null, null)::pulp.reservation, r.event) is null
      -- Who held it was before this task; who gave up waiting for it may have been behind.
      and ((r.event).type = 'ReservationReleased' or other.position < task.position)
    group by other.id, claim.resource, (r.event).recorded_at
  ),
  stay as (
    select coalesce(ended.recorded_at, now) as until, case
        when ended.type is not null then ended.type = 'ReservationGranted'
        else not exists (select from pulp.reservation_waiting w where w.task_id = task.id and not pulp.is_met(w))
      end as was_free
  ),
  known as (
    select greatest(entered.recorded_at,
      (select l.at from let_go l where l.ordinal = 6),
      (select (r.event).recorded_at from recent r where r.ordinal = 1000)) as since
  ),
  mark as (
    select 'resources' as kind, null as resource, null::uuid as behind, known.since as at, 7 as ordinal from known
    where exists (select from let_go)
    union all
    select 'resources', l.resource, l.id, least(greatest(l.at, known.since), stay.until), l.ordinal
    from let_go l cross join known cross join stay where l.ordinal <= 5
    union all
    select case when stay.was_free and not limits.is_held_up and (known.since = entered.recorded_at or exists (select from let_go))
        then 'resource_manager' else 'resources' end,
      null, null, stay.until, 0
    from known cross join stay cross join limits
  )
  select s.kind, s.resource, s.behind, s.since, s.until
  from (
    select m.kind, m.resource, m.behind, m.ordinal,
      lag(m.at, 1, entered.recorded_at) over (order by m.ordinal desc) as since, m.at as until
    from mark m
  ) s
  where s.since <> s.until
  order by s.ordinal desc
$$;
comment on function pulp.wait_in_line is 'What a task''s stay in line was spent on.';
