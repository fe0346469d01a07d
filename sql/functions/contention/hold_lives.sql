-- The claims of holds that stood at any time since a moment, as pulp.claim_lives tells them of tasks. The name is that of all holds; the
-- worker, who asked for it.
create or replace function pulp.hold_lives(since timestamptz, of_resource text)
returns table (
  resource text, mode text, task_id uuid, name text, worker text, "position" bigint, requested_at timestamptz,
  granted_at timestamptz, ended_at timestamptz
)
language sql stable rows 10 as $$
  select c.resource, c.mode, (l.hold).id, 'hold', case when c.granted_at is not null then (l.hold).actor end, c.position, c.requested_at,
    c.granted_at, l.ended_at
  from (
    select h as hold, null::timestamptz as ended_at from pulp.hold h
    union all
    select (select pulp.fold_hold(row(e.*)::pulp.event order by e.version) from pulp.event_single e
        where e.stream_kind = 'system' and e.stream_id = ended.stream_id and e.version < ended.version), ended.recorded_at
    from pulp.event_single ended
    where ended.stream_kind = 'system' and ended.stream_id between 'hold/' and 'hold0' and ended.type = 'HoldReleased'
      and ended.recorded_at >= hold_lives.since
  ) l
  cross join lateral pulp.claims_of_hold(l.hold) c
  where of_resource is null or c.resource = of_resource
$$;
comment on function pulp.hold_lives is 'The claims of holds that stood at any time since a moment.';
